package ansible

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// number reads an integer or a float of Python. There are no complex numbers.
func (p *literal) number(negative bool) (cty.Value, bool) {
	start := p.i
	for p.i < len(p.s) {
		c := p.s[p.i]
		exponentSign := (c == '+' || c == '-') && p.i > start && strings.IndexByte("eE", p.s[p.i-1]) >= 0 && !based(p.s[start:p.i])
		if c != '.' && !isWordByte(c) && !exponentSign {
			break
		}
		p.i++
	}
	text := p.s[start:p.i]
	if text == "" || text[0] != '.' && (text[0] < '0' || text[0] > '9') {
		return cty.NilVal, false
	}
	if based(text) {
		base := map[byte]int{'x': 16, 'o': 8, 'b': 2}[text[1]|0x20]
		digits, ok := withoutUnderscores("0"+text[2:], "0123456789abcdefABCDEF")
		if !ok || len(text) == 2 {
			return cty.NilVal, false
		}
		return intValue(digits, base, negative)
	}
	digits, ok := withoutUnderscores(text, "0123456789")
	if !ok {
		return cty.NilVal, false
	}
	if !strings.ContainsAny(digits, ".eE") {
		if digits[0] == '0' && strings.Trim(digits, "0") != "" {
			return cty.NilVal, false // 0644 is no number
		}
		return intValue(digits, 10, negative)
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || strings.ContainsAny(digits, "xXpPiInN") {
		return cty.NilVal, false
	}
	if negative {
		f = -f
	}
	return floatValue(f)
}

// based reports whether a number begins as one in another base.
func based(s string) bool {
	return len(s) > 1 && s[0] == '0' && strings.IndexByte("xXoObB", s[1]) >= 0
}

// withoutUnderscores takes underscores out, which stand between digits only.
func withoutUnderscores(s, digits string) (string, bool) {
	if !strings.Contains(s, "_") {
		return s, true
	}
	isDigit := func(i int) bool {
		return i >= 0 && i < len(s) && strings.IndexByte(digits, s[i]) >= 0
	}
	for i := range len(s) {
		if s[i] == '_' && (!isDigit(i-1) || !isDigit(i+1)) {
			return "", false
		}
	}
	return strings.ReplaceAll(s, "_", ""), true
}

// texts reads one quoted text, or several, which are put together.
func (p *literal) texts() (cty.Value, bool) {
	var all strings.Builder
	found, bytes := false, false
	for {
		c := p.peek()
		if c == 0 || !isWordByte(c) && c != '\'' && c != '"' {
			break
		}
		start := p.i
		for p.i < len(p.s) && isWordByte(p.s[p.i]) {
			p.i++
		}
		raw, isBytes, ok := textPrefix(p.s[start:p.i])
		if !ok || found && isBytes != bytes {
			return cty.NilVal, false
		}
		found, bytes = true, isBytes
		if !p.text(&all, raw, isBytes) {
			return cty.NilVal, false
		}
	}
	if !found || !utf8.ValidString(all.String()) {
		return cty.NilVal, false
	}
	return cty.StringVal(all.String()), true
}

// textPrefix reads the letters before a quote.
func textPrefix(s string) (raw, isBytes, ok bool) {
	switch strings.ToLower(s) {
	case "", "u":
		return false, false, true
	case "r":
		return true, false, true
	case "b":
		return false, true, true
	case "br", "rb":
		return true, true, true
	}
	return false, false, false
}

// text reads one quoted text.
func (p *literal) text(out *strings.Builder, raw, isBytes bool) bool {
	if p.i == len(p.s) || p.s[p.i] != '\'' && p.s[p.i] != '"' {
		return false
	}
	quote := p.s[p.i : p.i+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(p.s[p.i:], triple) {
		quote = triple
	}
	p.i += len(quote)
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case strings.HasPrefix(p.s[p.i:], quote):
			p.i += len(quote)
			return true
		case isBytes && c >= 0x80:
			return false
		case c == '\\' && raw:
			if p.i+1 == len(p.s) {
				return false
			}
			out.WriteString(p.s[p.i : p.i+2])
			p.i += 2
		case c == '\\':
			if !p.escape(out, isBytes) {
				return false
			}
		default:
			out.WriteByte(c)
			p.i++
		}
	}
	return false
}

// escape reads a backslash and what belongs to it. An unknown one stays.
func (p *literal) escape(out *strings.Builder, isBytes bool) bool {
	if p.i+1 == len(p.s) {
		return false
	}
	c := p.s[p.i+1]
	p.i += 2
	if i := strings.IndexByte(`\'"abfnrtv`, c); i >= 0 {
		out.WriteByte("\\'\"\a\b\f\n\r\t\v"[i])
		return true
	}
	switch {
	case c >= '0' && c <= '7':
		p.i--
		n := 1
		for n < 3 && p.i+n < len(p.s) && p.s[p.i+n] >= '0' && p.s[p.i+n] <= '7' {
			n++
		}
		return p.code(out, n, 8, isBytes)
	case c == 'x':
		return p.code(out, 2, 16, isBytes)
	case c == 'u' && !isBytes:
		return p.code(out, 4, 16, false)
	case c == 'U' && !isBytes:
		return p.code(out, 8, 16, false)
	case c == 'N' && !isBytes:
		return false // by name: nobody writes it in an inventory
	}
	out.WriteByte('\\')
	p.i--
	return true
}

// code reads n digits, the number of a character or of a byte.
func (p *literal) code(out *strings.Builder, n, base int, isByte bool) bool {
	if p.i+n > len(p.s) {
		return false
	}
	v, err := strconv.ParseUint(p.s[p.i:p.i+n], base, 32)
	if err != nil {
		return false
	}
	p.i += n
	switch {
	case isByte:
		out.WriteByte(byte(v))
	case v > utf8.MaxRune || !utf8.ValidRune(rune(v)):
		return false
	default:
		out.WriteRune(rune(v))
	}
	return true
}
