package main

import (
	"errors"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The bounds of one expression of "fleet console".
const (
	maxExpression      = 64 << 10
	maxExpressionLines = 1000
)

// A pending is an expression that may not be complete yet: it goes on while a
// bracket or a heredoc is open, or a line ends in a backslash.
type pending struct {
	text  string // ends in a line end or a space, where there is any
	lines int
}

// add takes a line, and returns the expression when that is complete. Blank lines
// and comments are no expression.
func (p *pending) add(line string) (text string, complete bool, err error) {
	line, goesOn := strings.CutSuffix(strings.TrimSuffix(line, "\r"), `\`)
	text = p.text + line
	p.lines++
	switch {
	case len(text) > maxExpression || p.lines > maxExpressionLines:
		p.clear()
		return "", false, errors.New("the expression is too long; is a bracket not closed?")
	case goesOn:
		p.text = text + " "
		return "", false, nil
	case isOpen(text):
		p.text = text + "\n"
		return "", false, nil
	}
	p.clear()
	if strings.Contains(text, "<<") {
		text += "\n" // a heredoc ends with a line
	}
	return text, !isBlank(text), nil
}

// rest is what was given of an expression that never became complete.
func (p *pending) rest() string { return strings.TrimSpace(p.text) }

// waiting reports whether the next line goes on with an expression.
func (p *pending) waiting() bool { return p.lines > 0 }

func (p *pending) clear() { *p = pending{} }

// lex takes text apart, also where it is no valid expression.
func lex(text string) hclsyntax.Tokens {
	tokens, _ := hclsyntax.LexExpression([]byte(text+"\n"), "", hcl.InitialPos)
	return tokens
}

// isOpen reports whether a bracket or a heredoc of text is not closed. A quote
// that is not closed is a mistake on its line, and no reason to wait.
func isOpen(text string) bool {
	depth, heredocs := 0, 0
	for _, t := range lex(text) {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenOHeredoc:
			heredocs++
		case hclsyntax.TokenCHeredoc:
			heredocs--
		}
	}
	return depth > 0 || heredocs > 0
}

// isBlank reports whether nothing but comments is in text.
func isBlank(text string) bool {
	for _, t := range lex(text) {
		switch t.Type {
		case hclsyntax.TokenComment, hclsyntax.TokenNewline, hclsyntax.TokenEOF:
		default:
			return false
		}
	}
	return true
}
