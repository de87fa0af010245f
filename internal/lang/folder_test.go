package lang

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folders makes folders with files, and loads all of them as one project.
func folders(t *testing.T, names []string, files map[string]string) (*Scope, Diagnostics) {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for _, name := range names {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return loadPaths(paths...)
}

func loadPaths(paths ...string) (*Scope, Diagnostics) {
	p, all := Parse(paths)
	_, diags := p.Decode()
	all = append(all, diags...)
	s, diags := p.NewScope(Inputs{LookupEnv: noEnv})
	return s, p.Diagnostics(append(all, diags...))
}

func TestValuesOfSeveralFolders(t *testing.T) {
	const declared = "variable \"x\" { default = \"default\" }\n"
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"an auto file of the first folder is over the vars of the second", map[string]string{"a/p.auto.vars.hcl": "x = \"auto\"\n", "b/fleet.vars.hcl": "x = \"vars\"\n"}, "auto"},
		{"auto files count by name, not by folder", map[string]string{"a/z.auto.vars.hcl": "x = \"z\"\n", "b/p.auto.vars.hcl": "x = \"p\"\n"}, "z"},
		{"of one name, the last folder counts", map[string]string{"a/p.auto.vars.hcl": "x = \"a\"\n", "b/p.auto.vars.hcl": "x = \"b\"\n"}, "b"},
		{"vars files in the order of the folders", map[string]string{"a/fleet.vars.json": `{"x": "a"}`, "b/fleet.vars.hcl": "x = \"b\"\n"}, "b"},
		{"a lock of an editor is not read", map[string]string{"a/.#p.auto.vars.hcl": "user@host.123:456", "b/.x.auto.vars.hcl": "x = \"hidden\"\n"}, "default"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.files["a/a.fleet.hcl"], tt.files["b/b.fleet.hcl"] = declared, "locals {}\n"
			s, ds := folders(t, []string{"a", "b"}, tt.files)
			if len(ds) > 0 {
				t.Fatal(ds)
			}
			if got := evalText(t, s, "var.x"); got != `"`+tt.want+`"` {
				t.Errorf("got %s, want %q", got, tt.want)
			}
		})
	}
}

// A folder under the name of a file stands for all that is no regular file.
func TestAFolderThatHoldsWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	other := t.TempDir()
	for name, text := range map[string]string{"a.fleet.hcl": "variable \"x\" {}\n", "fleet.vars.hcl": "x = \"read\"\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"odd.fleet.hcl", "odd.auto.vars.hcl"} {
		if err := os.Symlink(other, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s, ds := loadPaths(dir)
	if len(ds) != 2 || !strings.Contains(ds[0].Detail, "odd.fleet.hcl\" is not a regular file") || !strings.Contains(ds[1].Detail, "odd.auto.vars.hcl\" is not a regular file") {
		t.Errorf("%v", ds)
	}
	if got := evalText(t, s, "var.x"); got != `"read"` {
		t.Errorf("the rest was not read: %s", got)
	}
}
