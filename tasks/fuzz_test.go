package tasks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/zclconf/go-cty/cty"

	"fleet/inventory"
)

// FuzzLoad reads hostile files: whatever they say, it is answered.
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
			if file.Name != "want" {
				f.Add(file.Data, filepath.Ext(file.Name) == ".json", "deploy.a")
			}
		}
	}
	f.Add([]byte(native), false, "unpack")
	f.Add([]byte(twin), true, "deploy.ready")
	f.Fuzz(func(t *testing.T, src []byte, isJSON bool, startAt string) {
		if len(src) > 10_000 {
			return
		}
		path := filepath.Join(t.TempDir(), "a.fleet.hcl")
		if isJSON {
			path = filepath.Join(t.TempDir(), "a.fleet.json")
		}
		if err := os.WriteFile(path, src, 0o600); err != nil {
			t.Fatal(err)
		}
		inv, found := inventory.Load(t.Context(), offline(path))
		set, more := Load(inv)
		if found.HasErrors() || more.HasErrors() || len(inv.Hosts()) > 1000 {
			return
		}
		p, found, err := set.Plan(Options{Names: set.names(), StartAt: startAt})
		if err != nil || found.HasErrors() {
			return
		}
		for _, one := range p.Tasks {
			total := 0
			for _, b := range one.Batches {
				total += len(b.Hosts)
			}
			if total != len(one.Hosts) {
				t.Errorf("%d hosts of %s are in batches, of %d", total, one.Name, len(one.Hosts))
			}
			for i := range min(len(one.Hosts), 3) {
				walk(t, p.NewHost(one, i, false), one)
			}
		}
	})
}

// walk makes all steps for a host, with results that nobody expects.
func walk(t *testing.T, h *Host, one *Planned) {
	errs := []error{h.Precondition(), h.Postcondition()}
	h.SetFacts(cty.ObjectVal(map[string]cty.Value{"os": cty.NullVal(cty.String), "cpus": cty.NumberIntVal(0)}))
	for s := range one.allSteps() {
		if s.Kind == flushKind {
			continue
		}
		b, err := h.Bind(s)
		if errs = append(errs, err); err != nil {
			continue
		}
		r := Result{Stdout: "\xff{\n\n", Stderr: "\x00", Status: -1}
		for _, c := range b.Calls {
			if !c.Late && c.Action == nil {
				t.Errorf("%s has no action", s.Name)
			}
			errs = append(errs, h.Judge(s, c, &r))
		}
		h.Record(s, &r)
	}
	for _, err := range errs {
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("an error has several lines: %q", err)
		}
	}
}
