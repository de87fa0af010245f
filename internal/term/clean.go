package term

import (
	"unicode"
	"unicode/utf8"
)

// Clean makes s safe to print on one line: control bytes, escape sequences and
// invisible characters are shown, a newline as \n and a tab as \t. Use it for
// every short text that may come from outside: errors, banners, names of hosts
// and files.
func Clean(s string) string {
	i := 0
	for i < len(s) && s[i] >= 0x20 && s[i] < 0x7f {
		i++
	}
	if i == len(s) {
		return s
	}
	dst := append(make([]byte, 0, len(s)+16), s[:i]...)
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r < 0x20 || r == 0x7f:
			dst = appendCaret(dst, s[i])
		case r == utf8.RuneError && n == 1:
			dst = appendHex(dst, s[i])
		case Hidden(r):
			dst = appendCode(dst, r)
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return string(dst)
}

const hexDigits = "0123456789ABCDEF"

// appendCaret shows a C0 control or DEL as ^X.
func appendCaret(dst []byte, b byte) []byte { return append(dst, '^', b^0x40) }

// appendHex shows a byte that is not UTF-8 as \xNN.
func appendHex(dst []byte, b byte) []byte {
	const lower = "0123456789abcdef"
	return append(dst, '\\', 'x', lower[b>>4], lower[b&15])
}

// appendCode shows a code point as <U+NNNN>.
func appendCode(dst []byte, r rune) []byte {
	dst = append(dst, "<U+"...)
	width := 4
	for r>>(4*width) != 0 {
		width++
	}
	for i := width - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[r>>(4*i)&15])
	}
	return append(dst, '>')
}

// appendRune appends the non-ASCII rune r, whose bytes are p.
func appendRune(dst, p []byte, r rune) []byte {
	switch {
	case r == utf8.RuneError && len(p) == 1:
		return appendHex(dst, p[0])
	case Hidden(r):
		return appendCode(dst, r)
	default:
		return append(dst, p...)
	}
}

// Hidden tells whether r changes how other text looks without being seen
// itself: C1 controls, bidi overrides and isolates, zero-width and tag
// characters, line separators, DEL. The joiners that emoji and many scripts need
// are not among them.
func Hidden(r rune) bool {
	const zwnj, zwj = 0x200c, 0x200d
	switch {
	case r < 0x7f:
		return false
	case r <= 0x9f:
		return true
	case r == 0x2028 || r == 0x2029:
		return true
	case r == zwnj || r == zwj:
		return false
	case r == 0x3164 || r == 0x115f || r == 0x1160 || r == 0xffa0:
		return true // Hangul fillers: letters by class, blank on screen
	default:
		return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
	}
}
