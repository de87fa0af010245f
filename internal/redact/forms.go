package redact

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

const (
	// lineMin is the length from which on a line of a secret is a secret.
	lineMin = 8
	// pieceMax bounds a form, and so what a Stream holds back: a longer secret
	// is looked for in pieces. It is a multiple of three, so that base64 of a
	// piece is part of base64 of the whole.
	pieceMax = 3 << 10
)

// addForms adds all that a secret may look like to patterns.
func addForms(patterns map[string]kind, secret string) {
	secret = strings.TrimRight(secret, "\r\n")
	if len(secret) < MinLength {
		return
	}
	set := forms{patterns}
	lf := strings.ReplaceAll(secret, "\r\n", "\n")
	if !strings.Contains(lf, "\n") {
		set.text(secret)
		return
	}
	set.text(lf)
	set.text(strings.ReplaceAll(lf, "\n", "\r\n"))
	for line := range strings.SplitSeq(lf, "\n") {
		line = strings.TrimSpace(line)
		armor := strings.HasPrefix(line, "-----BEGIN ") || strings.HasPrefix(line, "-----END ")
		if len(line) >= lineMin && !armor {
			set.text(line)
		}
	}
}

// forms is a set of patterns that grows.
type forms struct{ patterns map[string]kind }

func (f forms) add(pattern string) {
	f.addKind(pattern, kind{})
}

func (f forms) addKind(pattern string, k kind) {
	if len(pattern) >= MinLength {
		f.patterns[pattern] = f.patterns[pattern].and(k)
	}
}

// text adds every form of a text.
func (f forms) text(s string) {
	for len(s) >= 2*pieceMax {
		f.piece(s[:pieceMax])
		s = s[pieceMax:]
	}
	f.piece(s)
}

func (f forms) piece(s string) {
	f.add(s)
	f.base64(s, base64.StdEncoding)
	f.base64(s, base64.URLEncoding)
	f.addKind(hex.EncodeToString([]byte(s)), kind{coded: true})
	f.addKind(strings.ToUpper(hex.EncodeToString([]byte(s))), kind{coded: true})
	if strings.Trim(s, letters) == "" {
		return // nobody escapes these
	}
	f.percent(s)
	f.shell(s)
	f.json(s)
}

// base64 adds s as it is in base64 of a longer text: with 0, 1 or 2 bytes before
// it in its first group of three. The characters at the edges also depend on the
// neighbors, unless s is the end of the text: they are no part of the pattern.
func (f forms) base64(s string, e *base64.Encoding) {
	for before := range 3 {
		code := e.EncodeToString([]byte("\x00\x00"[:before] + s))
		from, to := (8*before+5)/6, 8*(before+len(s))/6
		k := kind{coded: true, trail: 8*(before+len(s))%6 != 0}
		if before > 0 {
			// Its low bits are those of s, the others can be anything.
			for v := base64Value(code[from-1]); v < 64; v += 1 << (6*from - 8*before) {
				k.lead |= 1 << v
			}
		}
		f.addKind(code[from:to], k)
		if strings.HasSuffix(code, "=") {
			f.addKind(code[from:], kind{coded: true, lead: k.lead})
		}
	}
}

// base64Value is the value of a character of either alphabet, or -1.
func base64Value(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}
