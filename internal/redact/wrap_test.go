package redact

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// inLines breaks a text into lines.
func inLines(text string, width int, eol string) string {
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + eol)
		text = text[width:]
	}
	return b.String() + text
}

// An encoded text of which a part holds bits of a secret.
type encodedText struct {
	text     string
	from, to int
}

// inBase64 puts a secret into base64 of a longer text, in lines.
func inBase64(e *base64.Encoding, before, secret, after string, width int, eol string) encodedText {
	code := e.EncodeToString([]byte(before + secret + after))
	from, to := 8*len(before)/6, (8*len(before+secret)+5)/6
	if after == "" {
		to = len(code) // the padding goes with it
	}
	end := inLines(code, width, eol)
	return encodedText{end, from + from/width*len(eol), to + (to-1)/width*len(eol)}
}

// Not one character that holds a bit of the secret stays, and all others do.
func TestBase64OfALongerTextIsMasked(t *testing.T) {
	for _, secret := range samples {
		r := New(secret)
		for before := range 6 {
			for after := range 6 {
				for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
					x := inBase64(e, strings.Repeat("<", before), secret, strings.Repeat(">", after), 1000, "\n")
					if got, want := r.String(x.text), x.text[:x.from]+Mark+x.text[x.to:]; got != want {
						t.Errorf("%q with %d and %d bytes around it: %q, want %q", secret, before, after, got, want)
					}
				}
			}
		}
	}
}

func TestBase64InLinesIsMasked(t *testing.T) {
	for _, secret := range append(samples, strings.Repeat("Kx7/", 30)) {
		r := New(secret)
		for _, width := range []int{16, 19, 64, 76} {
			for _, eol := range []string{"\n", "\r\n"} {
				for before := 0; before < width; before += 5 {
					x := inBase64(base64.StdEncoding, strings.Repeat("<", before), secret, strings.Repeat(">", 70), width, eol)
					if got, want := r.String(x.text), x.text[:x.from]+Mark+x.text[x.to:]; got != want {
						t.Errorf("%q behind %d bytes in lines of %d: %q, want %q", secret, before, width, got, want)
					}
				}
			}
		}
	}
}

func TestHexInLinesIsMasked(t *testing.T) {
	for _, secret := range samples {
		r := New(secret)
		for before := 0; before < 40; before += 3 {
			for _, eol := range []string{"\n", "\r\n"} {
				code := hex.EncodeToString([]byte(strings.Repeat("<", before) + secret + strings.Repeat(">", 40)))
				text := inLines(code, 60, eol) // as xxd -p
				from, to := 2*before, 2*(before+len(secret))
				want := text[:from+from/60*len(eol)] + Mark + text[to+(to-1)/60*len(eol):]
				if got := r.String(text); got != want {
					t.Errorf("%q behind %d bytes: %q, want %q", secret, before, got, want)
				}
			}
		}
	}
}

func TestEverySplitOfLinesGivesTheSame(t *testing.T) {
	for _, secret := range []string{"s3cret", "it's a \\ secret!", "line one\nline two\nend", strings.Repeat("Kx7/", 9)} {
		r := New(secret, "pass", "abcdef")
		for before := range 3 {
			for _, width := range []int{16, 19} {
				for _, eol := range []string{"\n", "\r\n"} {
					x := inBase64(base64.StdEncoding, strings.Repeat("<", before+9), secret, ">>>>", width, eol)
					everySplit(t, r, x.text+eol+inLines(hex.EncodeToString([]byte(">>>>>>>"+secret)), width, eol))
				}
			}
		}
	}
}

func everySplit(t *testing.T, r *Redactor, text string) {
	t.Helper()
	want := r.String(text)
	if got := pass(r, strings.Split(text, "")...); got != want {
		t.Fatalf("%q byte by byte: %q, want %q", text, got, want)
	}
	for i := range text {
		if got := pass(r, text[:i], text[i:]); got != want {
			t.Fatalf("%q split at %d: %q, want %q", text, i, got, want)
		}
	}
}

// Lines that are no part of something encoded come at once, whatever they end in.
func TestTheEndsOfLinesPassAtOnce(t *testing.T) {
	r := New("password123", "s3cret!")
	for c := range byte(0x7f - ' ') {
		line := fmt.Sprintf("all is well: %c\n", c+' ')
		if got := string(r.Stream().Write([]byte(line))); got != line {
			t.Errorf("of %q comes %q", line, got)
		}
	}
}

// Whatever the patterns are, what is found is what the simplest way finds.
func TestCodedPatternsAreFoundAsInTheSimplestWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		patterns := make(map[string]kind)
		for _, p := range rapid.SliceOfN(rapid.StringMatching(`[ab]{4,7}|[ab]{17,40}|(aab){6,9}`), 1, 4).Draw(t, "patterns") {
			k := kind{coded: rapid.Bool().Draw(t, "coded")}
			if k.coded {
				k.trail = rapid.Bool().Draw(t, "trail")
				k.lead = rapid.SampledFrom([]uint64{0, ^uint64(0)}).Draw(t, "lead")
			}
			patterns[p] = k
		}
		part := rapid.StringMatching(`[abc]{0,20}|(aab){5,8}|[ab]{16}|-|\n|\r\n|\n|\r`)
		parts := rapid.SliceOfN(part, 0, 30).Draw(t, "text")
		for range rapid.IntRange(0, 3).Draw(t, "wrapped") {
			p := rapid.SampledFrom(slices.Sorted(maps.Keys(patterns))).Draw(t, "pattern")
			x := strings.Repeat("c", rapid.IntRange(0, 20).Draw(t, "before")) + p + "c"
			parts = append(parts, inLines(x, rapid.IntRange(14, 20).Draw(t, "width"), rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "eol")))
		}
		text := strings.Join(parts, "")
		r := new(Redactor)
		r.current.Store(build(patterns))
		want := hidden(text, patterns)
		if got := r.String(text); got != want {
			t.Fatalf("%q: %q, want %q", text, got, want)
		}
		if got := pass(r, parts...); got != want {
			t.Fatalf("%q in parts: %q, want %q", text, got, want)
		}
		if got := pass(r, strings.Split(text, "")...); got != want {
			t.Fatalf("%q byte by byte: %q, want %q", text, got, want)
		}
	})
}
