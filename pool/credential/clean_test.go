package credential

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	tests := []struct{ in, want string }{
		{"Password: ", "Password: "},
		{"Пароль: ", "Пароль: "},
		{"a\x1b]0;title\x07b", "a?]0;title?b"},
		{"line\r\none\ttwo", "line one two"},
		{"c1 \u009b2J", "c1 ?2J"},
		{"bidi \u202etxt\u2066", "bidi ?txt?"},
		{"bad \xff", "bad ?"},
		{strings.Repeat("x", maxText+1), strings.Repeat("x", maxText) + "..."},
	}
	for _, tt := range tests {
		if got := clean(tt.in); got != tt.want {
			t.Errorf("clean(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := cleanLines("\n a \r\n\r\nb\x00\n"); got != "a\n\nb?" {
		t.Errorf("cleanLines: %q", got)
	}
}

// FuzzClean checks that nothing a server says can move the cursor.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"Password: ", "\x1b[31m", "\xc2\x9b", "\u2028", "\n\n\r"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{clean(s), strings.ReplaceAll(cleanLines(s), "\n", " ")} {
			if !utf8.ValidString(got) {
				t.Errorf("%q is not UTF-8", got)
			}
			if i := strings.IndexFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }); i >= 0 {
				t.Errorf("%q has a control character at %d", got, i)
			}
		}
	})
}

func TestAsksPassword(t *testing.T) {
	tests := []struct {
		text  string
		alone bool
		want  bool
	}{
		{"Password: ", true, true},
		{"(deploy@web1) Password for deploy: ", false, true},
		{"Mot de passe : ", true, true},
		{"Mot de passe : ", false, false},
		{"One-time password (OATH) for deploy: ", true, false},
		{"Verification code: ", true, false},
		{"Enter PIN: ", true, false},
		{"New password: ", true, false},
		{"Passcode or option (1-3): ", true, false},
	}
	for _, tt := range tests {
		if got := asksPassword(tt.text, tt.alone); got != tt.want {
			t.Errorf("asksPassword(%q, %v) = %v", tt.text, tt.alone, got)
		}
	}
}
