package redact

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// pass sends pieces through a Stream.
func pass(r *Redactor, pieces ...string) string {
	s := r.Stream()
	var out strings.Builder
	for _, p := range pieces {
		out.Write(s.Write([]byte(p)))
	}
	out.Write(s.Flush())
	return out.String()
}

func TestOverlappingSecretsAreMaskedTogether(t *testing.T) {
	tests := []struct {
		secrets    []string
		text, want string
	}{
		{[]string{"abcdef", "defghi"}, "<abcdefghi>", "<(sensitive)>"},
		{[]string{"abcdef", "defghi"}, "<abcdef ghi>", "<(sensitive) ghi>"},
		{[]string{"pass", "password"}, "pass passw password", "(sensitive) (sensitive)w (sensitive)"},
		{[]string{"pass", "password", "assw"}, "passw0rd", "(sensitive)0rd"},
		{[]string{"word", "password"}, "passwor word", "passwor (sensitive)"},
		{[]string{"abab"}, "xabababab", "x(sensitive)"},
		{[]string{"aaaa"}, "aaa aaaaaa", "aaa (sensitive)"},
		{[]string{"one1", "two2"}, "one1two2", "(sensitive)"},
		{[]string{"cdcd", "abcdcdef"}, "abcdcdeg abcdcdef", "ab(sensitive)eg (sensitive)"},
	}
	for _, tt := range tests {
		r := New(tt.secrets...)
		if got := r.String(tt.text); got != tt.want {
			t.Errorf("%q in %q: %q, want %q", tt.secrets, tt.text, got, tt.want)
		}
		if got := pass(r, strings.Split(tt.text, "")...); got != tt.want {
			t.Errorf("%q in %q, byte by byte: %q, want %q", tt.secrets, tt.text, got, tt.want)
		}
	}
}

func TestEverySplitGivesTheSame(t *testing.T) {
	for _, secret := range samples {
		r := New(secret, "pass", "abcdef", "defghi")
		for name, encode := range encoders() {
			text := "say: " + encode(secret) + "\n" + encode(secret) + encode(secret) + " abcdefghi pas"
			want := r.String(text)
			for i := range text {
				if got := pass(r, text[:i], text[i:]); got != want {
					t.Fatalf("%q as %s, split at %d: %q, want %q", secret, name, i, got, want)
				}
				if j := (i + len(text)) / 2; pass(r, text[:i], text[i:j], "", text[j:]) != want {
					t.Fatalf("%q as %s, split at %d and %d", secret, name, i, j)
				}
			}
		}
	}
}

func TestWhatCannotBeASecretPassesAtOnce(t *testing.T) {
	s := New("password123").Stream()
	for _, step := range []struct{ in, out string }{
		{"login: ", "login: "}, {"pass", ""}, {"wd? ", "passwd? "}, {"passpass", "pass"}, {"word", ""}, {"123", Mark}, {" ", " "}, {"p", ""}, {"", ""}, {".", "p."},
	} {
		if got := string(s.Write([]byte(step.in))); got != step.out {
			t.Errorf("after %q: %q, want %q", step.in, got, step.out)
		}
	}
}

func TestASecretMayBecomeKnownInTheMiddle(t *testing.T) {
	r := New()
	s := r.Stream()
	var out strings.Builder
	out.Write(s.Write([]byte("early s3cret, ")))
	r.Add("s3cret")
	out.Write(s.Write([]byte("then s3cret, s3c")))
	r.Add("3cr3t", "s3c")
	r.Add("s3cret-2")
	out.Write(s.Write([]byte("ret-2, s3c")))
	r.Add("s3c3cr3t")
	out.Write(s.Write([]byte("3cr3t")))
	out.Write(s.Flush())
	if want := "early s3cret, then (sensitive), (sensitive), (sensitive)"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestNilMasksNothing(t *testing.T) {
	var r *Redactor
	if r.String("x") != "x" || pass(r, "a", "b") != "ab" {
		t.Error("a nil Redactor changes something")
	}
	if r.Sink(nil) != nil {
		t.Error("a nil Redactor stands in the way")
	}
}

func TestWriterMasksLogs(t *testing.T) {
	var b bytes.Buffer
	r := New()
	log := slog.New(slog.NewTextHandler(r.Writer(&b), nil))
	log.Info("before")
	r.Add(`it's "me"`)
	log.Info(`it's "me"`, "error", io.ErrUnexpectedEOF, "value", []string{`it's "me"`})
	if got := b.String(); strings.Contains(got, "me") && !strings.Contains(got, "time=") || strings.Count(got, Mark) != 2 {
		t.Errorf("got %s", got)
	}
}

func TestAddWhileOthersMask(t *testing.T) {
	r := New("first1")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				if got := pass(r, "fir", "st1 x"); got != Mark+" x" {
					t.Errorf("got %q", got)
				}
			}
		})
	}
	for i := range 20 {
		r.Add("secret number " + string(rune('a'+i)))
	}
	all.Wait()
}

// Whatever the secrets are and however the text is cut, the outcome is that of
// the simplest way to do it.
func TestMaskingIsThatOfTheSimplestWay(t *testing.T) {
	word := rapid.StringMatching(`[ab]{4,7}`)
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(word, 1, 4).Draw(t, "secrets")
		text := rapid.StringMatching(`[abc]{0,60}`).Draw(t, "text")
		// Not New: its other forms would also be found by accident.
		patterns := make(map[string]kind)
		for _, s := range secrets {
			patterns[s] = kind{}
		}
		r := new(Redactor)
		r.current.Store(build(patterns))
		want := simple(text, secrets)
		if got := r.String(text); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
		s := r.Stream()
		var out strings.Builder
		for rest := text; rest != ""; {
			n := rapid.IntRange(0, len(rest)).Draw(t, "n")
			out.Write(s.Write([]byte(rest[:n])))
			rest = rest[n:]
		}
		out.Write(s.Flush())
		if out.String() != want {
			t.Fatalf("stream: %q, want %q", out.String(), want)
		}
	})
}

// simple masks every byte that is part of a secret.
func simple(text string, secrets []string) string {
	hide := make([]bool, len(text)+1)
	for _, s := range secrets {
		for i := range text {
			if strings.HasPrefix(text[i:], s) {
				for j := range s {
					hide[i+j] = true
				}
			}
		}
	}
	var b strings.Builder
	for i := range text {
		switch {
		case !hide[i]:
			b.WriteByte(text[i])
		case i == 0 || !hide[i-1]:
			b.WriteString(Mark)
		}
	}
	return b.String()
}
