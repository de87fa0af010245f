package main

import (
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
	_ = ds.WriteText(a.env.stderr, options) // a warning that nobody reads stops nobody
	if ds.HasErrors() {
		return exit(statusError)
	}
	return nil
}

// color reports whether what is written to w, one of the streams, has colors.
func (a *app) color(w any) bool {
	return term.Color(a.global.color, term.IsTerminal(w), a.env.value)
}
