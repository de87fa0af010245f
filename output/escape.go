package output

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"fleet/internal/term"
)

// escapeHidden appends p to dst with every character that a terminal must not
// get raw replaced by its escape in the format. In JSON and XML such
// characters stand only inside text, where the escape means the same.
func escapeHidden(dst, p []byte, escape func([]byte, rune) []byte) []byte {
	for len(p) > 0 {
		r, n := rune(p[0]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(p)
		}
		if term.Hidden(r) {
			dst = escape(dst, r)
		} else {
			dst = append(dst, p[:n]...)
		}
		p = p[n:]
	}
	return dst
}

func jsonEscape(dst []byte, r rune) []byte {
	if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
		return fmt.Appendf(dst, `\u%04x\u%04x`, hi, lo)
	}
	return fmt.Appendf(dst, `\u%04x`, r)
}

func xmlEscape(dst []byte, r rune) []byte { return fmt.Appendf(dst, "&#x%X;", r) }

// appendJSONText appends p, which is UTF-8, as the inside of a JSON string.
func appendJSONText(dst, p []byte) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i, b := range p {
		if b >= 0x20 && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, p[from:i]...)
		from = i + 1
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		}
	}
	return append(dst, p[from:]...)
}

func appendJSONString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s)) // each bad byte becomes U+FFFD
	}
	return append(appendJSONText(append(dst, '"'), []byte(s)), '"')
}
