package lang

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcled"
)

// Severity is "error" or "warning".
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// A Diagnostic is one thing found in the user's files. It carries all that is
// needed to show it.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	// Summary names the sort of problem; it is constant, so that it can be
	// searched for.
	Summary string `json:"summary"`
	// Detail says what is wrong, why, and what to do.
	Detail string `json:"detail"`
	// Range is the place; nil for what stands in no file, such as a flag.
	Range *Range `json:"range,omitempty"`
	// Snippet is the source at Range, where it may be shown.
	Snippet *Snippet `json:"snippet,omitempty"`
}

// A Range is a part of a file, from Start up to but not including End.
type Range struct {
	Filename string `json:"filename"`
	Start    Pos    `json:"start"`
	End      Pos    `json:"end"`
}

// A Pos is a place in a file. Line and Column count from 1, Byte from 0.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// A Snippet is source text with the part that matters.
type Snippet struct {
	// Context is the header of the block around it, such as `host "web"`.
	Context *string `json:"context"`
	// Code is the line on which the range starts, or a part of it where the
	// line is very long.
	Code      string `json:"code"`
	StartLine int    `json:"start_line"`
	// HighlightStart and HighlightEnd are byte offsets into Code.
	HighlightStart int `json:"highlight_start_offset"`
	HighlightEnd   int `json:"highlight_end_offset"`
	// Values are what the expressions in the range refer to.
	Values []Value `json:"values"`
}

// A Value tells what a reference stood for: "var.env" `is "prod"`.
type Value struct {
	Traversal string `json:"traversal"`
	Statement string `json:"statement"`
}

// Diagnostics are all things found, sorted by file and line.
type Diagnostics []Diagnostic

// HasErrors reports whether there is more than warnings.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

// maxDiagnostics bounds how many are shown: a broken file of many lines says the
// same thing on each.
const maxDiagnostics = 500

// Diagnostics converts what was found while working on p: sorted, without
// repetitions, with the source.
func (p *Project) Diagnostics(in hcl.Diagnostics) Diagnostics {
	sorted := slices.Clone(in)
	slices.SortStableFunc(sorted, compareDiagnostics)
	sorted = slices.CompactFunc(sorted, func(a, b *hcl.Diagnostic) bool {
		return a.Summary == b.Summary && a.Detail == b.Detail && compareDiagnostics(a, b) == 0
	})
	sorted = oneOverBudget(sorted)
	shown := sorted
	if len(sorted) > maxDiagnostics {
		shown = keepErrors(sorted)
	}
	var out Diagnostics
	for _, d := range shown {
		out = append(out, p.diagnostic(d))
	}
	return out
}

// oneOverBudget keeps the first diagnostic of a budget that was used up: what
// comes after it, fails for the same reason.
func oneOverBudget(ds hcl.Diagnostics) hcl.Diagnostics {
	said := false
	return slices.DeleteFunc(ds, func(d *hcl.Diagnostic) bool {
		again := said && d.Summary == overBudgetSummary
		said = said || d.Summary == overBudgetSummary
		return again
	})
}

// keepErrors cuts ds to the first maxDiagnostics; an error stays among them, so
// that cutting never makes a project look sound.
func keepErrors(ds hcl.Diagnostics) hcl.Diagnostics {
	head, tail := ds[:maxDiagnostics], ds[maxDiagnostics:]
	isError := func(d *hcl.Diagnostic) bool { return d.Severity == hcl.DiagError }
	if !slices.ContainsFunc(head, isError) {
		if i := slices.IndexFunc(tail, isError); i >= 0 {
			head[len(head)-1] = tail[i]
		}
	}
	return append(slices.Clip(head), &hcl.Diagnostic{
		Severity: hcl.DiagWarning,
		Summary:  "Too many problems",
		Detail:   "More problems were found than are shown. Mend these first, then check again.",
	})
}

func compareDiagnostics(a, b *hcl.Diagnostic) int {
	ar, br := a.Subject, b.Subject
	switch {
	case ar == nil && br == nil:
		return 0
	case ar == nil:
		return -1
	case br == nil:
		return 1
	}
	if c := strings.Compare(ar.Filename, br.Filename); c != 0 {
		return c
	}
	return ar.Start.Byte - br.Start.Byte
}

func (p *Project) diagnostic(d *hcl.Diagnostic) Diagnostic {
	out := Diagnostic{Severity: Error, Summary: d.Summary, Detail: d.Detail}
	if d.Severity == hcl.DiagWarning {
		out.Severity = Warning
	}
	if r := d.Subject; r != nil {
		out.Range = &Range{
			Filename: r.Filename,
			Start:    Pos{r.Start.Line, r.Start.Column, r.Start.Byte},
			End:      Pos{r.End.Line, r.End.Column, r.End.Byte},
		}
		if !hidesSource(d) {
			out.Snippet = p.snippet(d)
		}
	}
	return out
}

// maxCode bounds the source text of a snippet, in bytes.
const maxCode = 400

// snippet cuts the first line of the subject out of its file.
func (p *Project) snippet(d *hcl.Diagnostic) *Snippet {
	f := p.sources[d.Subject.Filename]
	if src, ok := d.Extra.(sourceText); ok {
		f = &hcl.File{Bytes: src}
	}
	if f == nil {
		return nil
	}
	src := f.Bytes
	from := min(max(d.Subject.Start.Byte, 0), len(src))
	to := min(max(d.Subject.End.Byte, from), len(src))
	start := lastNewline(src, from)
	end := from
	for end < len(src) && src[end] != '\n' && src[end] != '\r' {
		end++
	}
	to = min(to, end)
	if end-start > maxCode {
		start = max(start, from-maxCode/4)
		end = min(end, start+maxCode)
		to = min(to, end)
	}
	s := &Snippet{
		Code:      strings.ToValidUTF8(string(src[start:from]), "?"),
		StartLine: d.Subject.Start.Line,
		Values:    references(d),
	}
	s.HighlightStart = len(s.Code)
	s.Code += strings.ToValidUTF8(string(src[from:to]), "?")
	s.HighlightEnd = len(s.Code)
	s.Code += strings.ToValidUTF8(string(src[to:end]), "?")
	if c := hcled.ContextString(f, from); c != "" {
		s.Context = &c
	}
	return s
}

func lastNewline(src []byte, from int) int {
	for i := from; i > 0; i-- {
		if src[i-1] == '\n' {
			return i
		}
	}
	return 0
}
