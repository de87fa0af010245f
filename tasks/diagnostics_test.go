package tasks

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"fleet/internal/lang"
	"fleet/internal/sshconfig"
	"fleet/inventory"
)

var update = flag.Bool("update", false, "write the want sections of testdata/diagnostics")

// TestDiagnostics loads each archive of testdata/diagnostics and compares what
// is said with its section "want". Where nothing is wrong with the files as such,
// all tasks are planned. With -update the sections are written.
func TestDiagnostics(t *testing.T) {
	archives, err := filepath.Glob("testdata/diagnostics/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			file, err := filepath.Abs(name)
			if err != nil {
				t.Fatal(err)
			}
			checkArchive(t, file)
		})
	}
}

func checkArchive(t *testing.T, file string) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	var want []byte
	files := a.Files[:0]
	for _, f := range a.Files {
		if f.Name == "want" {
			want = f.Data
			continue
		}
		files = append(files, f)
		if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got bytes.Buffer
	if err := diagnose(t, ".").WriteText(&got, lang.TextOptions{Width: 76}); err != nil {
		t.Fatal(err)
	}
	if *update {
		a.Files = append(files, txtar.File{Name: "want", Data: got.Bytes()})
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("diagnostics differ (-want +got):\n%s", diff)
	}
}

// diagnose is all that is found in the project at path.
func diagnose(t *testing.T, path string) lang.Diagnostics {
	inv, found := inventory.Load(t.Context(), offline(path))
	set, more := Load(inv)
	if found = append(found, more...); found.HasErrors() || len(set.Tasks()) == 0 {
		return found
	}
	_, more, err := set.Plan(Options{Names: set.names()})
	if err != nil {
		t.Fatal(err)
	}
	return append(found, more...)
}

// offline are options that see nothing of this machine.
func offline(path string) inventory.Options {
	return inventory.Options{
		Paths:   []string{path},
		Inputs:  lang.Inputs{LookupEnv: func(string) (string, bool) { return "", false }},
		SSH:     sshconfig.Files{User: "none", Home: "/home/me", LocalUser: "me", Getenv: func(string) string { return "" }},
		Environ: func() []string { return nil },
	}
}
