package inventory

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

func FuzzLoad(f *testing.F) {
	archives, err := filepath.Glob("testdata/diagnostics/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if file.Name != "want" && len(file.Data) < 2000 {
				f.Add(file.Data, "web[1-3],@web")
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, pattern string) {
		if len(src) > 10_000 {
			return
		}
		path := filepath.Join(t.TempDir(), "a.fleet.hcl")
		if err := os.WriteFile(path, src, 0o600); err != nil {
			t.Fatal(err)
		}
		o := offline()
		o.Paths = []string{path}
		inv, ds := Load(t.Context(), o)
		if ds.HasErrors() {
			return
		}
		_, _ = inv.Select(SelectOptions{Hosts: []string{pattern}})
		for _, h := range inv.Hosts()[:min(len(inv.Hosts()), 5)] {
			_, _ = inv.Explain(t.Context(), h)
		}
	})
}
