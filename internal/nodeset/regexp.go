package nodeset

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxRegexp bounds a regular expression, whose compiled form is far larger.
const maxRegexp = 10_000

// regexp reads /re/.
func (p *parser) regexp() (node, *flaw) {
	start := p.pos
	end := start + 1
	for end < len(p.in) && p.in[end] != '/' {
		if p.in[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.in) {
		return node{}, &flaw{start, "this regular expression is never closed", "end it with a slash: /^web/"}
	}
	p.pos = end + 1
	switch n := end - start - 1; {
	case n == 0:
		return node{}, &flaw{start, "this regular expression is empty", ""}
	case n > maxRegexp:
		return node{}, &flaw{start, fmt.Sprintf("this regular expression is longer than %d bytes", maxRegexp), ""}
	}
	re, err := regexp.Compile(unescape(p.in[start+1 : end]))
	if err != nil {
		msg := err.Error()
		if se, ok := errors.AsType[*syntax.Error](err); ok {
			msg = se.Code.String() + " in " + fmt.Sprintf("%q", clip(se.Expr))
		}
		return node{}, &flaw{start, "this regular expression is not right: " + msg, ""}
	}
	t := &Term{Kind: Regexp, Text: p.in[start:p.pos], Pos: p.column(start), Regexp: re}
	return p.sized(t, start)
}

// unescape turns "\/" into "/" and leaves all other escapes to the regular
// expression.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if s[i+1] != '/' {
				b.WriteByte('\\')
			}
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
