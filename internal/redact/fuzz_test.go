package redact

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

func FuzzStream(f *testing.F) {
	f.Add("s3cret", "password", "the s3cret is passwordpass", uint8(3))
	f.Add("aaaa", "aaaaaaab", "aaaaaaaaaaaaab", uint8(1))
	f.Add("line one\nline two", "one\nline", "> line one\r\n> line two\n", uint8(7))
	f.Add("it's", "\xff\x00\xfe\x01", "it'\\''s \xff\x00\xfe\x01", uint8(2))
	f.Fuzz(func(t *testing.T, one, two, text string, size uint8) {
		r := New(one, two)
		var pieces []string
		for rest := text; rest != ""; {
			n := min(len(rest), int(size)+1)
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		got := pass(r, pieces...)
		if whole := r.String(text); got != whole {
			t.Fatalf("in pieces %q, at once %q", got, whole)
		}
		if got2 := pass(New(), pieces...); got2 != text {
			t.Fatalf("without secrets %q became %q", text, got2)
		}
		for _, s := range []string{one, two} {
			s = strings.TrimRight(s, "\r\n")
			// Between two marks nothing of the text is left to look at; a secret
			// that is made of parts of the mark is beyond help.
			for part := range strings.SplitSeq(got, Mark) {
				if len(s) >= MinLength && strings.Contains(part, s) {
					t.Fatalf("%q is in %q", s, got)
				}
			}
		}
	})
}

// Base64 of a longer text, in lines, shows no character that holds bits of the
// secret, however it is cut, and no skip leaps over one.
func FuzzWrapped(f *testing.F) {
	f.Add("s3cret", "neighbors", "and more", uint8(20), false, uint8(3))
	f.Add("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "aaaaaaa", uint8(16), true, uint8(1))
	f.Add("\x00\x00\x00\x00", "\x00", "\x00\x00", uint8(64), false, uint8(0))
	f.Add("line one, line two", "", "", uint8(76), true, uint8(50))
	f.Add("padding at a line's end", "neighbor", "", uint8(43), true, uint8(12)) // "=", line break, "="
	f.Fuzz(func(t *testing.T, secret, before, after string, width uint8, crlf bool, size uint8) {
		secret = strings.TrimRight(secret, "\r\n")
		if len(secret) < MinLength || width < minLine || strings.Contains(secret, "\n") {
			return
		}
		eol := "\n"
		if crlf {
			eol = "\r\n"
		}
		r := New(secret)
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			x := inBase64(e, before, secret, after, int(width), eol)
			found := new(cursor).scan(r.automaton(), []byte(x.text), 0, nil)
			if !slices.ContainsFunc(found, func(s span) bool { return s.from <= x.from && x.to <= s.to }) {
				t.Fatalf("%q from %d to %d: found %v", x.text, x.from, x.to, found)
			}
			plain := *r.automaton()
			plain.skips = make([]uint8, len(plain.skips))
			if got := new(cursor).scan(&plain, []byte(x.text), 0, nil); !slices.Equal(got, found) {
				t.Fatalf("%q: found %v, with skips %v", x.text, got, found)
			}
			var pieces []string
			for piece := range slices.Chunk([]byte(x.text), int(size)+1) {
				pieces = append(pieces, string(piece))
			}
			if got, whole := pass(r, pieces...), r.String(x.text); got != whole {
				t.Fatalf("in pieces %q, at once %q", got, whole)
			}
		}
	})
}
