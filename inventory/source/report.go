package source

import (
	"fmt"
	"strings"
	"unicode"
)

// maxReported bounds how many problems of a source are told in full: a list of
// garbage has one mistake on each line.
const maxReported = 20

// A report collects problems.
type report struct {
	errors  []Problem
	more    bool // there were errors beyond maxReported
	warned  []Problem
	skipped notes // warnings that are told once for many hosts
}

// fail adds an error. Detail and its arguments are a sentence.
func (r *report) fail(at Place, summary, format string, args ...any) {
	if len(r.errors) == maxReported {
		r.more = true
		return
	}
	r.errors = append(r.errors, Problem{At: at, Summary: summary, Detail: fmt.Sprintf(format, args...)})
}

func (r *report) warn(at Place, summary, format string, args ...any) {
	r.warned = append(r.warned, Problem{At: at, Warning: true, Summary: summary, Detail: fmt.Sprintf(format, args...)})
}

func (r *report) failed() bool { return len(r.errors) > 0 }

// full reports whether reading on makes no sense: there are more errors than
// anybody wants to see.
func (r *report) full() bool { return r.more }

func (r *report) problems() []Problem {
	out := r.errors
	if r.more {
		out = append(out[:len(out):len(out)], Problem{Summary: "Too many problems", Detail: "The first problems of the source are shown; there are more like these."})
	}
	out = append(out, r.warned...)
	return append(out, r.skipped.problems()...)
}

// clean makes a text from outside fit for a message: without control characters,
// those that turn the direction of text, and what is no UTF-8; n runes at most.
func clean(s string, n int) string {
	if len(s) > 4*n+4 {
		s = s[:4*n+4]
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			b.WriteByte('?')
		default:
			b.WriteRune(r)
		}
	}
	return shorten(strings.TrimSpace(b.String()), n)
}
