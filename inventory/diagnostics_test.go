package inventory

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"fleet/internal/lang"
	"fleet/internal/sshconfig"
)

// TestDiagnostics loads each archive of testdata/diagnostics and compares what
// is said with its section "want". A line "var: x=1" or "path: p" before the
// first file is a --var or a path; without a path the folder is loaded. With
// -update the sections are written.
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

var update = flag.Bool("update", false, "write the want sections of testdata/diagnostics")

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
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := offline()
	for line := range strings.Lines(string(a.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "var":
			o.Inputs.Args = append(o.Inputs.Args, lang.VarArg{Assign: value})
		case "path":
			o.Paths = append(o.Paths, value)
		}
	}
	if o.Paths == nil {
		o.Paths = []string{"."}
	}
	_, ds := Load(context.Background(), o)
	var got bytes.Buffer
	if err := ds.WriteText(&got, lang.TextOptions{Width: 76}); err != nil {
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

// offline are options that see nothing of this machine.
func offline() Options {
	return Options{
		Inputs:  lang.Inputs{LookupEnv: func(string) (string, bool) { return "", false }},
		SSH:     sshconfig.Files{User: "none", Home: "/home/me", LocalUser: "me", Getenv: func(string) string { return "" }},
		Environ: func() []string { return nil },
	}
}
