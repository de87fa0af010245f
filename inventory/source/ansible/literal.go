package ansible

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// parseLiteral reads the value of a variable in an INI inventory. Ansible takes
// it for a literal of Python where it is one (a number, True, None, a quoted
// text, a list, a tuple, a dict), and else as the text that it is. The second
// result counts the values in it, read in vain or not; there are at most most.
func parseLiteral(text string, most int) (cty.Value, int) {
	p := &literal{s: strings.TrimLeft(text, " \t"), most: most}
	if v, ok := p.whole(); ok {
		return v, max(p.count, 1)
	}
	return cty.StringVal(text), max(p.count, 1)
}

// A literal is one that is being read.
type literal struct {
	s     string
	i     int
	depth int
	count int // of values
	most  int
}

// whole reads an expression up to the end or a comment. Without brackets,
// a comma makes a tuple all the same.
func (p *literal) whole() (cty.Value, bool) {
	if strings.IndexByte(p.s, 0) >= 0 {
		return cty.NilVal, false
	}
	v, ok := p.value()
	if !ok {
		return cty.NilVal, false
	}
	if p.peek() == ',' {
		p.i++
		if v, ok = p.rest(v, 0); !ok {
			return cty.NilVal, false
		}
	}
	return v, p.peek() == 0
}

// peek skips blanks and returns the byte that follows; 0 at the end, where a
// comment begins too.
func (p *literal) peek() byte {
	for p.i < len(p.s) && strings.IndexByte(" \t\f", p.s[p.i]) >= 0 {
		p.i++
	}
	if p.i == len(p.s) || p.s[p.i] == '#' {
		return 0
	}
	return p.s[p.i]
}

func (p *literal) value() (cty.Value, bool) {
	p.depth++
	defer func() { p.depth-- }()
	if p.count++; p.depth > maxNesting || p.count > p.most {
		return cty.NilVal, false
	}
	switch c := p.peek(); {
	case c == '(':
		return p.parenthesis()
	case c == '[':
		p.i++
		return p.items(nil, ']')
	case c == '{':
		return p.braces()
	case c == '+' || c == '-':
		p.i++
		p.peek()
		return p.number(c == '-')
	case c == '.' || c >= '0' && c <= '9':
		return p.number(false)
	case c == '\'' || c == '"':
		return p.texts()
	case c == 0:
		return cty.NilVal, false
	}
	start := p.i
	for p.i < len(p.s) && isWordByte(p.s[p.i]) {
		p.i++
	}
	switch word := p.s[start:p.i]; word {
	case "True":
		return cty.True, true
	case "False":
		return cty.False, true
	case "None":
		return cty.NullVal(cty.DynamicPseudoType), true
	}
	p.i = start
	return p.texts() // with a prefix, or nothing
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// parenthesis reads (), (value), which is the value, or a tuple.
func (p *literal) parenthesis() (cty.Value, bool) {
	p.i++
	if p.peek() == ')' {
		p.i++
		return cty.EmptyTupleVal, true
	}
	v, ok := p.value()
	if !ok {
		return cty.NilVal, false
	}
	switch p.peek() {
	case ')':
		p.i++
		return v, true
	case ',':
		p.i++
		return p.rest(v, ')')
	}
	return cty.NilVal, false
}

func (p *literal) rest(first cty.Value, end byte) (cty.Value, bool) {
	return p.items([]cty.Value{first}, end)
}

// items reads values up to an end; the last may have a comma after it.
func (p *literal) items(list []cty.Value, end byte) (cty.Value, bool) {
	for {
		if p.peek() == end {
			if end != 0 {
				p.i++
			}
			return cty.TupleVal(list), true
		}
		v, ok := p.value()
		if !ok {
			return cty.NilVal, false
		}
		list = append(list, v)
		switch p.peek() {
		case ',':
			p.i++
		case end:
		default:
			return cty.NilVal, false
		}
	}
}

// braces reads a dict. A set, which JSON has not either, is none.
func (p *literal) braces() (cty.Value, bool) {
	p.i++
	var names []string
	var values []cty.Value
	for {
		if p.peek() == '}' {
			p.i++
			attrs := make(map[string]cty.Value, len(names))
			for i, name := range names {
				attrs[name] = values[i]
			}
			return cty.ObjectVal(attrs), true
		}
		k, ok := p.value()
		if !ok || p.peek() != ':' {
			return cty.NilVal, false
		}
		p.i++
		v, ok := p.value()
		name, isKey := keyText(k)
		if !ok || !isKey {
			return cty.NilVal, false
		}
		names, values = append(names, name), append(values, v)
		switch p.peek() {
		case ',':
			p.i++
		case '}':
		default:
			return cty.NilVal, false
		}
	}
}

// keyText writes the key of a dict as JSON does.
func keyText(v cty.Value) (string, bool) {
	switch {
	case v.IsNull():
		return "null", true
	case v.Type() == cty.String:
		return v.AsString(), true
	case v.Type() == cty.Bool:
		return strconv.FormatBool(v.True()), true
	case v.Type() == cty.Number:
		return v.AsBigFloat().Text('f', -1), true
	}
	return "", false
}

// wholeNumber is v as an int, as Python's int() makes it.
func wholeNumber(v cty.Value) (int, bool) {
	switch {
	case v.IsNull():
	case v.Type() == cty.String:
		n, err := strconv.Atoi(strings.TrimSpace(v.AsString()))
		return n, err == nil
	case v.Type() == cty.Bool && v.True():
		return 1, true
	case v.Type() == cty.Bool:
		return 0, true
	case v.Type() == cty.Number:
		n, _ := v.AsBigFloat().Int64()
		return int(n), n > math.MinInt32 && n < math.MaxInt32
	}
	return 0, false
}

// floatValue is a number that Python holds as a float: with the digits that
// write the float, not those that were written.
func floatValue(f float64) (cty.Value, bool) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return cty.NilVal, false
	}
	v, err := cty.ParseNumberVal(strconv.FormatFloat(f, 'g', -1, 64))
	return v, err == nil
}

// intValue reads digits of a base. So long a number that it would lose digits
// is none.
func intValue(digits string, base int, negative bool) (cty.Value, bool) {
	if len(digits) > 150 {
		return cty.NilVal, false
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return cty.NilVal, false
	}
	if negative {
		n.Neg(n)
	}
	return cty.NumberVal(new(big.Float).SetInt(n)), true
}
