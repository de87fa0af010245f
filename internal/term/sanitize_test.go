package term

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func sanitize(s *Sanitizer, chunks ...string) string {
	var out []byte
	for _, c := range chunks {
		out = s.Append(out, []byte(c))
	}
	return string(s.Flush(out))
}

func TestSanitizer(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain text passes", "hello\tworld\nbye\n", "hello\tworld\nbye\n"},
		{"UTF-8 passes", "grüße 世界 👩‍🚀\n", "grüße 世界 👩‍🚀\n"},
		{"color passes", "\x1b[1;31mred\x1b[0m\n", "\x1b[1;31mred\x1b[0m\n"},
		{"color ends with its line", "\x1b[31mred\nnext\n", "\x1b[31mred\x1b[0m\nnext\n"},
		{"color ends with the stream", "\x1b[31mred", "\x1b[31mred\x1b[0m"},
		{"a short reset is a reset", "\x1b[31mred\x1b[m\nnext\n", "\x1b[31mred\x1b[m\nnext\n"},
		{"colors by colon", "\x1b[38:2::1:2:3mx\x1b[0m", "\x1b[38:2::1:2:3mx\x1b[0m"},
		{"keyboard settings are not color", "\x1b[>4;2m", "^[[>4;2m"},
		{"CRLF is one line break", "a\r\nb\r\n", "a\nb\n"},
		{"CR CR LF of a pty too", "a\r\r\nb", "a\nb"},
		{"empty lines survive", "a\r\n\r\nb\n\nc", "a\n\nb\n\nc"},
		{"a progress bar is lines", "10%\r20%\r30%\ndone\n", "10%\n20%\n30%\ndone\n"},
		{"a progress bar with CR first", "\r10%\r20%\r\n", "10%\n20%\n"},
		{"CR cannot overwrite a prefix", "evil\rweb01: ok\n", "evil\nweb01: ok\n"},
		{"bell, backspace, DEL", "\a\b\x7f\x00", "^G^H^?^@"},
		{"cursor and screen", "\x1b[2J\x1b[1;1Hx\x1b[?25l", "^[[2J^[[1;1Hx^[[?25l"},
		{"grep's erase in line", "\x1b[01;31m\x1b[Kx\x1b[m\x1b[K\n", "\x1b[01;31mx\x1b[m\n"},
		{"tput sgr0", "\x1b(B\x1b[mx", "\x1b[mx"},
		{"other character sets", "\x1b(0lqk", "^[(0lqk"},
		{"window title", "a\x1b]0;pwned\ab", "ab"},
		{"clipboard, ended by ST", "a\x1b]52;c;cm0gLXJmIC8=\x1b\\b", "ab"},
		{"link", "\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", "text"},
		{"DCS, APC, PM, SOS", "\x1bPq\x1b\\1\x1b_x\x1b\\2\x1b^x\x1b\\3\x1bXx\x1b\\4", "1234"},
		{"a string without an end hides nothing", "\x1b]0;abc\nnext\n", "^[]0;abc\nnext\n"},
		{"a string that is too long", "\x1b]" + strings.Repeat("x", maxString) + "\a", "^[]" + strings.Repeat("x", maxString) + "^G"},
		{"escape in a string", "\x1b]0;a\x1b[31mb", "^[]0;a\x1b[31mb\x1b[0m"},
		{"reset and queries", "\x1bc\x1b[6n\x1bZ", "^[c^[[6n^[Z"},
		{"escape escape", "\x1b\x1b[31mx", "^[\x1b[31mx\x1b[0m"},
		{"escape at the end", "x\x1b", "x^["},
		{"unfinished sequence at the end", "x\x1b[31", "x^[[31"},
		{"C1 as UTF-8", "\u009b31m\u0085", "<U+009B>31m<U+0085>"},
		{"C1 as bytes", "\x9b31m", `\x9b31m`},
		{"bidi", "a\u202egpj.exe\u2066", "a<U+202E>gpj.exe<U+2066>"},
		{"zero width and tags", "\u200b\ufeff\U000E0041", "<U+200B><U+FEFF><U+E0041>"},
		{"not UTF-8", "a\xffb\xc3(", `a\xffb\xc3(`},
		{"unfinished UTF-8 at the end", "a\xe4\xb8", `a\xe4\xb8`},
		{"a long control sequence", "\x1b[" + strings.Repeat("1;", 40) + "m", "^[[" + strings.Repeat("1;", 40) + "m"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := sanitize(new(Sanitizer), tt.in); got != tt.want {
				t.Errorf("whole: got %q, want %q", got, tt.want)
			}
			if got := sanitize(new(Sanitizer), strings.Split(tt.in, "")...); got != tt.want && utf8.ValidString(tt.in) {
				t.Errorf("by character: got %q, want %q", got, tt.want)
			}
			var bytes []string
			for i := range len(tt.in) {
				bytes = append(bytes, tt.in[i:i+1])
			}
			if got := sanitize(new(Sanitizer), bytes...); got != tt.want {
				t.Errorf("by byte: got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSanitizerStripsColorWhenAsked(t *testing.T) {
	got := sanitize(&Sanitizer{StripColor: true}, "\x1b[31mred\x1b[0m\nplain\x1b[2J\n")
	if want := "red\nplain^[[2J\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestClean(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"connection refused", "connection refused"},
		{"two\nlines\tand\ra tab", `two\nlines\tand^Ma tab`},
		{"\x1b[31mred\x1b]0;t\a", "^[[31mred^[]0;t^G"},
		{"caf\u00e9 \u202e \x9b \u009b \x7f", `café <U+202E> \x9b <U+009B> ^?`},
	}
	for _, tt := range tests {
		if got := Clean(tt.in); got != tt.want {
			t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// checkSafe fails if p holds anything but text, \t, \n and color sequences.
func checkSafe(t *testing.T, p []byte) {
	t.Helper()
	if !utf8.Valid(p) {
		t.Fatalf("not UTF-8: %q", p)
	}
	s := string(p)
	for i := 0; i < len(s); {
		if s[i] == 0x1b {
			end := strings.IndexByte(s[i:], 'm')
			if end < 2 || s[i+1] != '[' || strings.Trim(s[i+2:i+end], "0123456789;:") != "" {
				t.Fatalf("an escape that is not a color at %d of %q", i, s)
			}
			i += end + 1
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r < 0x20 && r != '\n' && r != '\t' || Hidden(r) {
			t.Fatalf("control %U at %d of %q", r, i, s)
		}
		i += n
	}
}

func FuzzSanitize(f *testing.F) {
	for _, s := range []string{
		"plain\n", "\x1b[31mred\nx", "a\rb\r\n", "\x1b]0;t\x1b\\x", "\x1b]\x1b]\x1b[\x1b", "\xe4\xb8\x9b\x9b\u009b\u202e",
		"\x1b(B\x1b[m\x1b[K", "\x1bP\n\x1b_\a", "12345678\x7f2345678\x1f",
	} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		var a Sanitizer
		whole := a.Flush(a.Append(nil, in))
		checkSafe(t, whole)
		if a.colored || len(a.held) > 0 {
			t.Fatal("Flush left something")
		}
		if len(in) > 0 {
			i := int(uint(cut) % uint(len(in)))
			var b Sanitizer
			if parts := b.Flush(b.Append(b.Append(nil, in[:i]), in[i:])); string(parts) != string(whole) {
				t.Fatalf("cut at %d: %q, whole: %q", i, parts, whole)
			}
		}
		if line := Clean(string(in)); strings.ContainsAny(line, "\n\t\x1b") {
			t.Fatalf("Clean left a control: %q", line)
		} else {
			checkSafe(t, []byte(line))
		}
	})
}

func BenchmarkSanitizePlain(b *testing.B) {
	in := []byte(strings.Repeat(strings.Repeat("x", 99)+"\n", 327))
	var s Sanitizer
	var out []byte
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		out = s.Append(out[:0], in)
	}
}
