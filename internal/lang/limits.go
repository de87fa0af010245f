package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// MaxFileSize is how many bytes a file of a project may have.
const MaxFileSize = 4 << 20

// The other bounds of one source. They are far above what people write and far below
// what overflows the stack of a recursive parser, which ends a Go process without
// a chance to recover (hashicorp/hcl#809).
const (
	maxTokens  = 1_000_000 // a token takes about 100 bytes, and the tree as much
	maxDepth   = 200       // brackets, templates, blocks, runs of ! - ? :
	maxChain   = 2000      // operators and accessors of one expression
	maxMelding = 400 << 20 // bytes moved while texts are put together
)

// mode says how a source is read.
type mode int

const (
	configMode mode = iota
	exprMode
	templateMode
)

func lex(src []byte, filename string, start hcl.Pos, m mode) (hclsyntax.Tokens, hcl.Diagnostics) {
	switch m {
	case exprMode:
		return hclsyntax.LexExpression(src, filename, start)
	case templateMode:
		return hclsyntax.LexTemplate(src, filename, start)
	default:
		return hclsyntax.LexConfig(src, filename, start)
	}
}

// measureSource refuses a source in native syntax that could hurt the parser. It
// looks at the tokens only; whether they make sense is the parser's business.
func measureSource(src []byte, filename string, start hcl.Pos, m mode) hcl.Diagnostics {
	if d := checkSize(src, filename); d != nil {
		return hcl.Diagnostics{d}
	}
	tokens, _ := lex(src, filename, start, m)
	var s nesting
	for i := range tokens {
		next := &hclsyntax.Token{}
		if i+1 < len(tokens) {
			next = &tokens[i+1]
		}
		if d := s.token(&tokens[i], next); d != nil {
			return hcl.Diagnostics{d}
		}
	}
	return nil
}

func checkSize(src []byte, filename string) *hcl.Diagnostic {
	start := hcl.Range{Filename: filename, Start: hcl.InitialPos, End: hcl.InitialPos}
	if len(src) > MaxFileSize {
		return &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "File too large",
			Detail:   "A file of a project may have 4 MiB. Split it: all files of a folder are read as one project.",
			Subject:  &start,
		}
	}
	if countTokens(src) > maxTokens {
		return &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "File too large",
			Detail:   fmt.Sprintf("A file of a project may have about %d words and signs. Split it: all files of a folder are read as one project.", maxTokens),
			Subject:  &start,
		}
	}
	return nil
}

// countTokens is an upper bound for the number of tokens in src, found without
// making them.
func countTokens(src []byte) int {
	n, word := 0, false
	for _, c := range src {
		isWord := c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		space := c == ' ' || c == '\t' || c == '\r'
		if !space && (!isWord || !word) {
			n++
		}
		word = isWord
	}
	return n
}

// nesting follows the brackets of a token stream.
type nesting struct {
	open []frame
	base frame
	// directives counts %{ if } and %{ for } that are not ended.
	directives int
	// pieces counts the literals in a row, and melding what the parser pays
	// for joining them one by one: lines of a heredoc, signs like $ in a text.
	pieces, pieceBytes, melding int
}

// frame counts within one pair of brackets, or one item of it.
type frame struct {
	opener hclsyntax.TokenType
	right  int // operators whose right side the parser recurses into
	left   int // operators whose left side evaluation recurses into
}

func (s *nesting) top() *frame {
	if len(s.open) == 0 {
		return &s.base
	}
	return &s.open[len(s.open)-1]
}

func (s *nesting) token(tok, next *hclsyntax.Token) *hcl.Diagnostic {
	f := s.top()
	if tok.Type == hclsyntax.TokenStringLit || tok.Type == hclsyntax.TokenQuotedLit {
		s.pieces++
		s.pieceBytes += len(tok.Bytes)
		s.melding += s.pieceBytes + 16*s.pieces
	} else {
		s.pieces, s.pieceBytes = 0, 0
	}
	switch tok.Type {
	case hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenOBrace,
		hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl,
		hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
		if tok.Type == hclsyntax.TokenOParen || tok.Type == hclsyntax.TokenOBrack {
			f.left++ // it may follow an operand: a call or an index
		}
		if tok.Type == hclsyntax.TokenTemplateControl {
			s.directive(next)
		}
		s.open = append(s.open, frame{opener: tok.Type})
	case hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenCBrace,
		hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
		if len(s.open) > 0 {
			s.open = s.open[:len(s.open)-1]
		}
	case hclsyntax.TokenNumberLit:
		if len(tok.Bytes) > maxDigits {
			return numberTooLong(tok.Range)
		}
	case hclsyntax.TokenComma:
		*f = frame{opener: f.opener}
	case hclsyntax.TokenNewline:
		// A new line ends an expression at the top and between braces only.
		if f.opener == 0 || f.opener == hclsyntax.TokenOBrace {
			*f = frame{opener: f.opener}
		}
	case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion:
		f.left++
		f.right++
	case hclsyntax.TokenPlus, hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPercent,
		hclsyntax.TokenAnd, hclsyntax.TokenOr, hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual,
		hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq, hclsyntax.TokenGreaterThan,
		hclsyntax.TokenGreaterThanEq, hclsyntax.TokenDot, hclsyntax.TokenColon:
		f.left++
	}
	return s.check(tok)
}

// directive follows %{ if }, %{ for } and their ends: the parser recurses into
// what is between them.
func (s *nesting) directive(word *hclsyntax.Token) {
	switch string(word.Bytes) {
	case "if", "for":
		s.directives++
	case "endif", "endfor":
		s.directives = max(0, s.directives-1)
	}
}

func (s *nesting) check(tok *hclsyntax.Token) *hcl.Diagnostic {
	f := s.top()
	if len(s.open)+s.directives > maxDepth || f.right > maxDepth {
		return &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Nesting too deep",
			Detail:   fmt.Sprintf("Brackets, blocks, templates and conditions may nest %d deep. Give the inner parts names in a locals block.", maxDepth),
			Subject:  tok.Range.Ptr(),
		}
	}
	if s.melding > maxMelding {
		return &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Text too long",
			Detail:   "The texts up to here have too many lines, or too many of the signs $ and %, to be read in reasonable time. Keep long texts in files of their own.",
			Subject:  tok.Range.Ptr(),
		}
	}
	if f.left > maxChain {
		return &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Expression too long",
			Detail:   fmt.Sprintf("One expression may have %d operators. Give parts of it names in a locals block.", maxChain),
			Subject:  tok.Range.Ptr(),
		}
	}
	return nil
}

func numberTooLong(at hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Number too long",
		Detail:   fmt.Sprintf("A number may have %d digits.", maxDigits),
		Subject:  &at,
	}
}
