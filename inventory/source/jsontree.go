package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zclconf/go-cty/cty"
)

// The bounds of a JSON text. Its size is bounded where it is read.
const (
	maxNesting = 64
	maxValues  = 1 << 20
	maxNumber  = 100 // digits, and decimal exponent
)

type nodeKind uint8

const (
	nullNode nodeKind = iota
	boolNode
	numberNode
	textNode
	listNode
	objectNode
)

func (k nodeKind) String() string {
	return [...]string{"null", "true or false", "a number", "a text", "a list", "an object"}[k]
}

// A node is a value of a JSON text that knows its line.
type node struct {
	kind  nodeKind
	line  int32
	name  string // of a member of an object
	text  string // of a text or a number; "true" or "false"
	items []node // of a list or an object, in order
}

// A textError is what is wrong with a text, and on which line.
type textError struct {
	line int
	msg  string
}

func (e *textError) Error() string { return e.msg }

// parseJSON reads one JSON value. Names that repeat in an object are an error:
// one of the two would be lost.
func parseJSON(text []byte) (*node, *textError) {
	r := &jsonReader{text: text, dec: jsontext.NewDecoder(bytes.NewBuffer(text)), line: 1}
	n := &node{}
	err := r.value(n, 0)
	if err == nil {
		if _, more := r.dec.ReadToken(); !errors.Is(more, io.EOF) {
			r.count(r.dec.InputOffset())
			err = errors.New("there is more after its end")
		}
	}
	if err == nil {
		return n, nil
	}
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.count(int64(len(text)))
		return nil, &textError{r.line, "it is no JSON: it ends too early"}
	case errors.As(err, &syntax):
		return nil, r.syntax(syntax)
	}
	return nil, &textError{r.line, err.Error()}
}

// syntax says what is wrong with the text itself.
func (r *jsonReader) syntax(e *jsontext.SyntacticError) *textError {
	r.count(e.ByteOffset)
	switch {
	case errors.Is(e, jsontext.ErrDuplicateName):
		return &textError{r.line, fmt.Sprintf("the name %q stands in an object twice", clean(e.JSONPointer.LastToken(), 60))}
	case !utf8.Valid(r.text[r.seen:min(r.seen+utf8.UTFMax, len(r.text))]) && strings.Contains(e.Err.Error(), "UTF-8"):
		return &textError{r.line, "it is not UTF-8"}
	}
	return &textError{r.line, "it is no JSON: " + clean(e.Err.Error(), 200)}
}

func invalidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// A jsonReader makes nodes of tokens.
type jsonReader struct {
	text  []byte
	dec   *jsontext.Decoder
	seen  int // bytes of text whose lines are counted
	line  int
	total int // values
}

// count brings line up to an offset.
func (r *jsonReader) count(offset int64) {
	end := max(r.seen, min(int(offset), len(r.text)))
	r.line += bytes.Count(r.text[r.seen:end], []byte("\n"))
	r.seen = end
}

func (r *jsonReader) value(n *node, depth int) error {
	token, err := r.dec.ReadToken()
	if err != nil {
		return err
	}
	r.count(r.dec.InputOffset())
	n.line = int32(r.line)
	if r.total++; r.total > maxValues {
		return fmt.Errorf("it has more than %d values", maxValues)
	}
	switch token.Kind() {
	case 't', 'f':
		n.kind, n.text = boolNode, strconv.FormatBool(token.Bool())
	case '0':
		n.kind, n.text = numberNode, token.String()
		return checkNumber(n.text)
	case '"':
		n.kind, n.text = textNode, token.String()
	case '[', '{':
		if depth == maxNesting {
			return fmt.Errorf("it is nested more than %d deep", maxNesting)
		}
		n.kind = listNode
		if token.Kind() == '{' {
			n.kind = objectNode
		}
		return r.elements(n, depth+1)
	}
	return nil
}

// elements reads a list or an object up to its end.
func (r *jsonReader) elements(n *node, depth int) error {
	for {
		switch kind := r.dec.PeekKind(); {
		case kind == ']' || kind == '}':
			_, err := r.dec.ReadToken()
			return err
		case n.kind == objectNode && kind == '"':
			name, err := r.dec.ReadToken()
			if err != nil {
				return err
			}
			n.items = append(n.items, node{name: name.String()})
		default: // an error, too, which reading the value tells
			n.items = append(n.items, node{})
		}
		if err := r.value(&n.items[len(n.items)-1], depth); err != nil {
			return err
		}
	}
}

// checkNumber refuses numbers that would take long to calculate with.
func checkNumber(s string) error {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	if e, err := strconv.Atoi(strings.TrimPrefix(exponent, "+")); len(mantissa) > maxNumber || exponent != "" && (err != nil || e > maxNumber || e < -maxNumber) {
		return fmt.Errorf("the number %s is too large", shorten(s, 20))
	}
	return nil
}

// member is the value of a name in an object; nil where there is none.
func (n *node) member(name string) *node {
	if n == nil || n.kind != objectNode {
		return nil
	}
	for i := range n.items {
		if n.items[i].name == name {
			return &n.items[i]
		}
	}
	return nil
}

// find follows a path of names and indexes, as in "network.0.address". A member
// whose name is the whole path comes first.
func (n *node) find(path string) *node {
	if m := n.member(path); m != nil {
		return m
	}
	for step := range strings.SplitSeq(path, ".") {
		if n == nil {
			return nil
		}
		if n.kind != listNode {
			n = n.member(step)
			continue
		}
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(n.items) {
			return nil
		}
		n = &n.items[i]
	}
	return n
}

// scalar is the text of a text, a number, true or false.
func (n *node) scalar() (string, bool) {
	if n == nil || n.kind == nullNode || n.kind == listNode || n.kind == objectNode {
		return "", false
	}
	return n.text, true
}

// value is the node as a value of the language.
func (n *node) value() cty.Value {
	switch n.kind {
	case boolNode:
		return cty.BoolVal(n.text == "true")
	case numberNode:
		v, err := cty.ParseNumberVal(n.text)
		if err != nil {
			return cty.StringVal(n.text)
		}
		return v
	case textNode:
		return cty.StringVal(n.text)
	case listNode:
		items := make([]cty.Value, len(n.items))
		for i := range n.items {
			items[i] = n.items[i].value()
		}
		return cty.TupleVal(items)
	case objectNode:
		members := make(map[string]cty.Value, len(n.items))
		for i := range n.items {
			members[n.items[i].name] = n.items[i].value()
		}
		return cty.ObjectVal(members)
	default:
		return cty.NullVal(cty.DynamicPseudoType)
	}
}
