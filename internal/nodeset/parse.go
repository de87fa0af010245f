package nodeset

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep parentheses nest, and with it every recursion.
const maxDepth = 200

// An Expr is a parsed expression.
type Expr struct {
	nodes []node
}

// A node is an operator and its right operand; the left one is all that stands
// before it.
type node struct {
	op   byte // ',', '!', '&' or '^'
	sub  []node
	term *Term
	pat  *pattern // of a Name, Glob or Group with brackets
}

// Parse reads an expression. It finds every mistake that can be found without
// an inventory; its errors are of type *Error.
func Parse(expr string) (*Expr, error) {
	p := &parser{in: expr}
	nodes, f := p.nodes(0)
	if f != nil {
		return nil, p.error(f)
	}
	return &Expr{nodes}, nil
}

// A parser reads an expression from left to right, once.
type parser struct {
	in   string
	pos  int // byte offset of the next character
	size int // names the terms so far stand for

	seen, col int // column of byte offset seen, less one
}

func (p *parser) error(f *flaw) error {
	return &Error{
		Expr:   p.in,
		Column: utf8.RuneCountInString(p.in[:min(f.at, len(p.in))]) + 1,
		Msg:    f.msg,
		Hint:   f.hint,
	}
}

// column returns the column of a byte offset. Offsets must not go backwards, so
// that all columns together cost one pass.
func (p *parser) column(at int) int {
	p.col += utf8.RuneCountInString(p.in[p.seen:at])
	p.seen = at
	return p.col + 1
}

// nodes reads operators and operands up to the end, or up to a ")" when inside
// parentheses.
func (p *parser) nodes(depth int) ([]node, *flaw) {
	var nodes []node
	start := p.pos
	op, opAt := byte(0), 0 // the operator waiting for its right operand
	for {
		gap := p.space()
		c, ok := p.peek()
		switch {
		case !ok || c == ')':
			return nodes, p.closing(len(nodes) == 0, depth, start, op, opAt)
		case isOperator(c):
			if f := p.operator(c, len(nodes) == 0, op); f != nil {
				return nil, f
			}
			op, opAt = c, p.pos
			p.pos++
		case op == 0 && len(nodes) > 0 && !gap:
			return nil, &flaw{p.pos, "an operator is missing here", "join two terms with a comma"}
		default:
			n, f := p.operand(depth)
			if f != nil {
				return nil, f
			}
			if n.op = op; op == 0 {
				n.op = ','
			}
			nodes = append(nodes, n)
			op = 0
		}
	}
}

// operator checks that c may stand where it does, after the operator before if
// that has no operand yet. Only commas may be superfluous.
func (p *parser) operator(c byte, first bool, before byte) *flaw {
	switch {
	case c == ',' && (before == 0 || before == ','):
		return nil
	case before != 0:
		f := &flaw{p.pos, fmt.Sprintf("%q follows %q with nothing in between", c, before), ""}
		if before == ',' {
			f.hint = fmt.Sprintf("write a%cb, without the comma", c)
		}
		return f
	case first:
		return &flaw{p.pos, fmt.Sprintf("there is nothing before %q", c), fmt.Sprintf("say first which hosts to start from, as in web[1-9]%cweb7", c)}
	}
	return nil
}

// closing checks that the expression, or what is in parentheses, may end here.
func (p *parser) closing(empty bool, depth, start int, op byte, opAt int) *flaw {
	atEnd := p.pos >= len(p.in)
	switch {
	case op != 0 && op != ',':
		return &flaw{opAt, fmt.Sprintf("there is nothing after %q", op), ""}
	case depth > 0 && atEnd:
		return &flaw{start - 1, `this "(" is never closed`, ""}
	case depth == 0 && !atEnd:
		return &flaw{p.pos, `this ")" was never opened`, ""}
	case empty && depth > 0:
		return &flaw{start - 1, "there is nothing in the parentheses", ""}
	case empty:
		return &flaw{0, "no host is named", "write a name, a range such as web[1-9], or @group"}
	}
	return nil
}

// operand reads a term or an expression in parentheses.
func (p *parser) operand(depth int) (node, *flaw) {
	if p.in[p.pos] != '(' {
		return p.term()
	}
	if depth == maxDepth {
		return node{}, &flaw{p.pos, fmt.Sprintf("parentheses are nested more than %d deep", maxDepth), ""}
	}
	p.pos++
	sub, f := p.nodes(depth + 1)
	p.pos++
	return node{sub: sub}, f
}

// peek returns the next character, if there is one.
func (p *parser) peek() (byte, bool) {
	if p.pos >= len(p.in) {
		return 0, false
	}
	return p.in[p.pos], true
}

// space passes over white space and reports whether there was any.
func (p *parser) space() bool {
	start := p.pos
	for p.pos < len(p.in) && isSpace(p.in[p.pos]) {
		p.pos++
	}
	return p.pos > start
}

func isOperator(c byte) bool { return strings.IndexByte(",!&^", c) >= 0 }

func isSpace(c byte) bool { return strings.IndexByte(" \t\r\n", c) >= 0 }
