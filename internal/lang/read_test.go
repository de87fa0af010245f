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
	if got[VariableInput+"x"] == "" {
		t.Errorf("the variable x is not among %v", got)
	}
	delete(got, VariableInput+"x")
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

func TestInputsTellVariablesAndTheEnvironmentButNothingSensitive(t *testing.T) {
	inputs := func(release, home string) map[string]string {
		dir := t.TempDir()
		text := "variable \"release\" {}\nvariable \"token\" {\n  sensitive = true\n  default = \"abc\"\n}\nlocals { home = env(\"HOME\") }\n"
		if err := os.WriteFile(filepath.Join(dir, "a.fleet.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, _ := Parse([]string{dir})
		_, _ = p.Decode()
		lookup := func(name string) (string, bool) { return home, name == "HOME" }
		if _, diags := p.NewScope(Inputs{LookupEnv: lookup, Args: []VarArg{{Assign: "release=" + release}}}); diags.HasErrors() {
			t.Fatal(diags)
		}
		return p.Inputs()
	}
	one, two := inputs("1", "/a"), inputs("2", "/b")
	for _, name := range []string{VariableInput + "release", EnvironmentInput + "HOME"} {
		if one[name] == "" || one[name] == two[name] {
			t.Errorf("%s is %q and %q", name, one[name], two[name])
		}
	}
	if sum, ok := one[VariableInput+"token"]; ok {
		t.Errorf("the sensitive variable has the hash %s", sum)
	}
}
