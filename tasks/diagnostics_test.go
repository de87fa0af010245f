package tasks

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"

	"fleet/internal/goldentest"
	"fleet/internal/lang"
	"fleet/internal/sshconfig"
	"fleet/inventory"
)

var update = flag.Bool("update", false, "write the want sections of testdata/diagnostics")

// TestDiagnostics loads each archive of testdata/diagnostics and compares what
// is said with its section "want". Where nothing is wrong with the files as such,
// all tasks are planned. With -update the sections are written.
func TestDiagnostics(t *testing.T) {
	goldentest.Run(t, "testdata/diagnostics/*.txtar", *update, func(t *testing.T, _ string) string {
		var said strings.Builder
		if err := diagnose(t, ".").WriteText(&said, lang.TextOptions{Width: 76}); err != nil {
			t.Fatal(err)
		}
		return said.String()
	})
}

// diagnose is all that is found in the project at path.
func diagnose(t *testing.T, path string) lang.Diagnostics {
	inv, found := inventory.Load(t.Context(), offline(path))
	set, more := Load(inv)
	if found = append(found, more...); found.HasErrors() || len(set.Tasks()) == 0 {
		return found
	}
	_, more, err := set.Plan(Options{Names: set.names(), Exclude: func(lines []string) error {
		if slices.Contains(lines, "[") {
			return errors.New("exclusion \"[\": a bracket is never closed")
		}
		return nil
	}})
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
