package goldentest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// section is the name of the file in an archive that holds what is to be said.
const section = "want"

// Run has a subtest for each archive that pattern means; that there is none is an
// error. Say is called in the folder of the archive's files, with what stands
// before them.
func Run(t *testing.T, pattern string, update bool, say func(t *testing.T, comment string) string) {
	t.Helper()
	archives, err := filepath.Glob(pattern)
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives %s: %v", pattern, err)
	}
	for _, name := range archives {
		file, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), func(t *testing.T) {
			check(t, file, update, say)
		})
	}
}

func check(t *testing.T, file string, update bool, say func(*testing.T, string) string) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	want, files := unpack(t, a)
	got := say(t, string(a.Comment))
	if update {
		a.Files = append(files, txtar.File{Name: section, Data: []byte(got)})
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is said differs (-want +got):\n%s", diff)
	}
}

// unpack writes the files of an archive into the working folder.
func unpack(t *testing.T, a *txtar.Archive) (want string, files []txtar.File) {
	for _, f := range a.Files {
		if f.Name == section {
			want = string(f.Data)
			continue
		}
		files = append(files, f)
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return want, files
}
