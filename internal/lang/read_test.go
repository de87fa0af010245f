package lang

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

func TestInputsAreAllFilesThatWereRead(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"a.fleet.hcl":    "variable \"x\" {}\nlocals { text = file(\"${path.root}/text\") }\n",
		"fleet.vars.hcl": "x = 1\n",
		"text":           "hello",
		"unread":         "",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, diags := Parse([]string{dir})
	if _, more := p.Decode(); more.HasErrors() || diags.HasErrors() {
		t.Fatal(diags, more)
	}
	if _, diags := p.NewScope(Inputs{}); diags.HasErrors() {
		t.Fatal(diags)
	}
	got := p.Inputs()
	for name, text := range files {
		sum := sha256.Sum256([]byte(text))
		if want := hex.EncodeToString(sum[:]); name != "unread" && got[filepath.Join(dir, name)] != want {
			t.Errorf("%s has %q of %v, want %q", name, got[filepath.Join(dir, name)], got, want)
		}
	}
	if len(got) != len(files)-1 {
		t.Errorf("there are %d inputs, want %d: %v", len(got), len(files)-1, got)
	}
}
