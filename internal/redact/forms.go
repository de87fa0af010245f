package redact

import (
	"encoding/base64"
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
func addForms(patterns map[string]bool, secret string) {
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
type forms struct{ patterns map[string]bool }

func (f forms) add(pattern string) {
	if len(pattern) >= MinLength {
		f.patterns[pattern] = true
	}
}

// text adds every form of a text.
func (f forms) text(s string) {
	f.wrapped(s)
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
	if strings.Trim(s, letters) == "" {
		return // nobody escapes these
	}
	f.percent(s)
	f.shell(s)
	f.json(s)
}

// base64 adds s as it is in base64 of a longer text: with 0, 1 or 2 bytes before
// it in its first group of three. Characters that also depend on the neighbors
// are left out, unless s is the end of the text.
func (f forms) base64(s string, e *base64.Encoding) {
	for before := range 3 {
		code := e.EncodeToString([]byte("\x00\x00"[:before] + s))
		from, to := (8*before+5)/6, 8*(before+len(s))/6
		f.add(code[from:to])
		f.add(code[from:])
		f.add(strings.TrimRight(code[from:], "="))
	}
}

// wrapped adds base64 of all of s, in lines, as the command of that name writes
// it, and each of the lines.
func (f forms) wrapped(s string) {
	code := base64.StdEncoding.EncodeToString([]byte(s))
	known := 8 * len(s) / 6 // what a line end behind s does not change
	for _, width := range []int{64, 76} {
		if known <= width {
			continue
		}
		for at := 0; at < known; at += width {
			line := code[at:min(at+width, known)]
			if len(line) >= lineMin {
				f.add(line)
				continue
			}
			// Too short to be looked for by itself.
			f.add(code[at-width:at] + "\n" + line)
			f.add(code[at-width:at] + "\r\n" + line)
		}
	}
}
