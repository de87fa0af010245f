package filename

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNamesOfFiles(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"web01.example.com", "web01.example.com"},
		{"user@web01", "user@web01"},
		{"fe80::1", "fe80%3A%3A1"},
		{"..", "%2E."},
		{".", "%2E"},
		{"", "%"},
		{"-rf", "%2Drf"},
		{"a/b%", "a%2Fb%25"},
		{"a\x00ü", "a%00%C3%BC"},
	} {
		if got := Of(tt.name, ""); got != tt.want {
			t.Errorf("Of(%q) = %q, want %q", tt.name, got, tt.want)
		}
		if got := Of(tt.name, ".log"); got != tt.want+".log" {
			t.Errorf("Of(%q) = %q, want %q", tt.name, got, tt.want+".log")
		}
	}
}

func TestALongNameIsCutAndStaysItsOwn(t *testing.T) {
	for _, ext := range []string{"", ".log"} {
		for n := 240; n <= 300; n++ {
			long := strings.Repeat("x", n)
			a, b := Of(long+"a", ext), Of(long+"b", ext)
			if len(a) > maxName || a == b || !strings.HasSuffix(a, ext) {
				t.Errorf("of %d characters: %q and %q", n, a, b)
			}
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add("web01", "web02")
	f.Add("../x", "%2E./x")
	f.Add("", "%")
	f.Add(strings.Repeat("é", 60), strings.Repeat("é", 61))
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := Of(a, ".log"), Of(b, ".log")
		if (x == y) != (a == b) {
			t.Errorf("%q and %q are in %q and %q", a, b, x, y)
		}
		if !filepath.IsLocal(x) || filepath.Base(x) != x || len(x) > maxName || strings.ContainsAny(x[:1], ".-") {
			t.Errorf("%q is in %q", a, x)
		}
	})
}
