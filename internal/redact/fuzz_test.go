package redact

import (
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
