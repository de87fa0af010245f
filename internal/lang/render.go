package lang

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/clipperhouse/displaywidth"
)

// TextOptions say how diagnostics look as text.
type TextOptions struct {
	Color bool
	Width int // columns; 0 does not wrap
}

// The colors, as terminal control sequences.
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	plain  = "\x1b[0m"
)

// WriteText writes ds for people, each with its source line and a caret under
// the place. Control characters of the files are not passed on.
func (ds Diagnostics) WriteText(w io.Writer, o TextOptions) error {
	var b strings.Builder
	for i, d := range ds {
		if i > 0 {
			b.WriteByte('\n')
		}
		d.text(&b, o)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (d *Diagnostic) text(b *strings.Builder, o TextOptions) {
	paint := func(color, s string) string {
		if !o.Color {
			return s
		}
		return color + s + plain
	}
	label := paint(red+bold, "Error: ")
	if d.Severity == Warning {
		label = paint(yellow+bold, "Warning: ")
	}
	fmt.Fprintf(b, "%s%s\n\n", label, paint(bold, oneLine(d.Summary)))
	if r := d.Range; r != nil {
		fmt.Fprintf(b, "  on %s line %d", oneLine(r.Filename), r.Start.Line)
		if d.Snippet != nil && d.Snippet.Context != nil {
			fmt.Fprintf(b, ", in %s", oneLine(*d.Snippet.Context))
		}
		b.WriteString(":\n")
		if d.Snippet != nil {
			d.Snippet.text(b, o, paint)
		}
		b.WriteByte('\n')
	}
	b.WriteString(wrap(oneLine(d.Detail), o.Width))
	b.WriteByte('\n')
}

// text writes the line, cut to the width around the place, and the caret.
func (s *Snippet) text(b *strings.Builder, o TextOptions, paint func(string, string) string) {
	before := oneLine(s.Code[:s.HighlightStart])
	marked := oneLine(s.Code[s.HighlightStart:s.HighlightEnd])
	after := oneLine(s.Code[s.HighlightEnd:])
	head := fmt.Sprintf("  %d: ", s.StartLine)
	room := 1 << 20
	if o.Width > 0 {
		room = max(o.Width-len(head), 20)
	}
	if displaywidth.String(before) > room/2 && displaywidth.String(before+marked) > room {
		before = "..." + dropLeft(before, displaywidth.String(before)-room/2)
	}
	marked = displaywidth.TruncateString(marked, max(room-displaywidth.String(before), 1), "")
	after = displaywidth.TruncateString(after, max(room-displaywidth.String(before+marked), 0), "")
	fmt.Fprintf(b, "%s%s\n", paint(dim, head), strings.TrimRight(before+marked+after, " "))
	carets := strings.Repeat("^", max(displaywidth.String(marked), 1))
	fmt.Fprintf(b, "%s%s\n", strings.Repeat(" ", len(head)+displaywidth.String(before)), paint(red+bold, carets))
	for _, v := range s.Values {
		fmt.Fprintf(b, "    %s\n", paint(dim, oneLine(v.Traversal+" "+v.Statement)))
	}
}

// dropLeft takes at least cells off the left of s, whole characters only.
func dropLeft(s string, cells int) string {
	g := displaywidth.StringGraphemes(s)
	for cells > 0 && g.Next() {
		cells -= g.Width()
		s = s[len(g.Value()):]
	}
	return s
}

// oneLine makes s safe for one line of a terminal: tabs are one space, other
// control and format characters a sign that says there was one.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// wrap breaks s at spaces; long words stay whole, so that they can be copied.
func wrap(s string, width int) string {
	if width <= 0 {
		return s
	}
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(s) {
		n := displaywidth.String(word)
		if i > 0 && at+1+n > width {
			b.WriteByte('\n')
			at = 0
		} else if i > 0 {
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// WriteJSON writes ds as `terraform validate -json` does.
func (ds Diagnostics) WriteJSON(w io.Writer) error {
	doc := struct {
		FormatVersion string      `json:"format_version"`
		Valid         bool        `json:"valid"`
		ErrorCount    int         `json:"error_count"`
		WarningCount  int         `json:"warning_count"`
		Diagnostics   Diagnostics `json:"diagnostics"`
	}{FormatVersion: "1.0", Valid: !ds.HasErrors(), Diagnostics: ds}
	if ds == nil {
		doc.Diagnostics = Diagnostics{}
	}
	for _, d := range ds {
		if d.Severity == Error {
			doc.ErrorCount++
		} else {
			doc.WarningCount++
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// Err makes the first error of ds an error value, with the number of others;
// nil when there is none. It is for logs; people are shown WriteText.
func (ds Diagnostics) Err() error {
	first, n := "", 0
	for _, d := range ds {
		if d.Severity != Error {
			continue
		}
		if n++; n == 1 {
			first = d.String()
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s", first)
	}
	return fmt.Errorf("%s (and %d more)", first, n-1)
}

// String is the diagnostic on one line: file:line,column: summary; detail.
func (d Diagnostic) String() string {
	s := d.Summary + "; " + d.Detail
	if d.Range == nil {
		return s
	}
	return d.Range.Filename + ":" + strconv.Itoa(d.Range.Start.Line) + "," + strconv.Itoa(d.Range.Start.Column) + ": " + s
}
