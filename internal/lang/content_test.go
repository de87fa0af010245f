package lang

import (
	"strings"
	"testing"
)

func TestWhatIsNoProjectFileIsSaidOnce(t *testing.T) {
	noise := strings.Repeat("\x7fELF\x02\x01\x01\x00\x8f\xfa\n", 5000)
	tests := []struct{ name, src, want string }{
		{"a program", noise, "is no text"},
		{"a NUL", "host \"a\" {}\n\x00", "is no text"},
		{"UTF-16", "\xff\xfeh\x00", "UTF-16"},
		{"another encoding", "# ok\n# caf\xe9\n", "line 2"},
		{"a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\n", "--identity"},
	}
	for _, tt := range tests {
		for _, file := range []string{"x.fleet.hcl", "x.fleet.json"} {
			_, ds := loaded(t, map[string]string{file: tt.src}, Inputs{})
			if len(ds) != 1 || ds[0].Summary != "Not a project file" || !strings.Contains(ds[0].Detail, tt.want) {
				t.Errorf("%s in %s: %v", tt.name, file, ds)
			}
		}
		if tt.name == "a private key" {
			continue
		}
		if _, ds := Format([]byte(tt.src), "x.hcl"); len(ds) != 1 || ds[0].Summary != "Not a project file" {
			t.Errorf("%s, formatted: %v", tt.name, ds)
		}
	}
}

func TestATextIsAProjectFile(t *testing.T) {
	for _, src := range []string{
		"", "\n", "locals { x = \"äöü€\" }\n", "\ufefflocals {}\n",
		strings.Repeat("#", head-4) + "\n\U0001F600\n",
		strings.Repeat("#", head-3) + "\n€\n",
		strings.Repeat("#", head-2) + "\n€\n",
		strings.Repeat("#", head-1) + "\n€\n",
	} {
		if d := refuseContent([]byte(src), "x"); d != nil {
			t.Errorf("%.20q: %s", src, d.Detail)
		}
	}
}

func TestMistakesOfOneFileAreFew(t *testing.T) {
	src := strings.Repeat("x = = \x01 'y' 🎉\n", 2000)
	for _, ds := range []Diagnostics{
		func() Diagnostics { _, ds := loaded(t, map[string]string{"a.fleet.hcl": src}, Inputs{}); return ds }(),
		func() Diagnostics { _, ds := Format([]byte(src), "a.hcl"); return ds }(),
	} {
		if len(ds) < 5 || len(ds) > maxSyntaxErrors+5 || !ds.HasErrors() {
			t.Errorf("%d diagnostics", len(ds))
		}
		if last := ds[len(ds)-1]; !strings.Contains(last.Summary, "Too many") {
			t.Errorf("the last is %v", last)
		}
	}
}
