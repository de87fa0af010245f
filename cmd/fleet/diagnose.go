package main

import (
	"slices"

	"fleet/internal/lang"
	"fleet/internal/term"
)

// diagnose shows what was found in the user's files. With errors among it, the
// result ends fleet with status 1.
func (a *app) diagnose(ds lang.Diagnostics) error {
	if len(ds) == 0 {
		return nil
	}
	options := lang.TextOptions{Color: a.color(a.env.stderr)}
	if term.IsTerminal(a.env.stderr) {
		options.Width, _ = term.Size(a.env.stderr)
	}
	_ = a.masked(ds).WriteText(a.redactor.Writer(a.env.stderr), options) // a warning that nobody reads stops nobody
	if ds.HasErrors() {
		return exit(statusError)
	}
	return nil
}

// masked is ds without what may not be shown. The words are masked before they
// are wrapped, which could tear a secret, and before they are JSON, of which a
// secret such as "true" must leave the form alone.
func (a *app) masked(ds lang.Diagnostics) lang.Diagnostics {
	ds = slices.Clone(ds)
	for i := range ds {
		ds[i].Detail = a.redactor.String(ds[i].Detail)
		if ds[i].Snippet != nil {
			ds[i].Snippet = a.maskedSnippet(*ds[i].Snippet)
		}
	}
	return ds
}

func (a *app) maskedSnippet(s lang.Snippet) *lang.Snippet {
	mask := a.redactor.String
	before, marked := s.Code[:s.HighlightStart], s.Code[s.HighlightStart:s.HighlightEnd]
	s.Code = mask(s.Code)
	s.HighlightStart = min(len(mask(before)), len(s.Code))
	s.HighlightEnd = min(s.HighlightStart+len(mask(marked)), len(s.Code))
	if s.Context != nil {
		context := mask(*s.Context)
		s.Context = &context
	}
	s.Values = slices.Clone(s.Values)
	for i, v := range s.Values {
		s.Values[i] = lang.Value{Traversal: mask(v.Traversal), Statement: mask(v.Statement)}
	}
	return &s
}

// color reports whether what is written to w, one of the streams, has colors.
func (a *app) color(w any) bool {
	return term.Color(a.global.color, term.IsTerminal(w), a.env.value)
}
