package nodeset

import (
	"fmt"
	"unicode/utf8"
)

// An Error is a mistake in an expression.
type Error struct {
	Expr   string // the whole expression
	Column int    // of the mistake, in characters, from 1
	Msg    string // what is wrong
	Hint   string // what to do about it; may be empty
}

// Error shows the expression too; of a long one, the part that matters.
func (e *Error) Error() string {
	s := fmt.Sprintf("host expression %q, column %d: %s", e.excerpt(), e.Column, e.Msg)
	if e.Hint != "" {
		s += "; hint: " + e.Hint
	}
	return s
}

// excerpt returns about 60 characters around the mistake.
func (e *Error) excerpt() string {
	const before, after = 40, 20
	if len(e.Expr) <= before+after {
		return e.Expr
	}
	at := 0
	for range e.Column - 1 {
		_, n := utf8.DecodeRuneInString(e.Expr[at:])
		at += n
	}
	from, to := max(0, at-before), min(len(e.Expr), at+after)
	for from > 0 && !utf8.RuneStart(e.Expr[from]) {
		from--
	}
	for to < len(e.Expr) && !utf8.RuneStart(e.Expr[to]) {
		to++
	}
	s := e.Expr[from:to]
	if from > 0 {
		s = "..." + s
	}
	if to < len(e.Expr) {
		s += "..."
	}
	return s
}
