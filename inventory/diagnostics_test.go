package inventory

import (
	"context"
	"flag"
	"strings"
	"testing"

	"fleet/internal/goldentest"
	"fleet/internal/lang"
	"fleet/internal/sshconfig"
)

// TestDiagnostics loads each archive of testdata/diagnostics and compares what
// is said with its section "want". A line "var: x=1" or "path: p" before the
// first file is a --var or a path; without a path the folder is loaded. With
// -update the sections are written.
func TestDiagnostics(t *testing.T) {
	goldentest.Run(t, "testdata/diagnostics/*.txtar", *update, func(t *testing.T, comment string) string {
		o := offline()
		for line := range strings.Lines(comment) {
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
		var said strings.Builder
		if err := ds.WriteText(&said, lang.TextOptions{Width: 76}); err != nil {
			t.Fatal(err)
		}
		return said.String()
	})
}

var update = flag.Bool("update", false, "write the want sections of testdata/diagnostics")

// offline are options that see nothing of this machine.
func offline() Options {
	return Options{
		Inputs:  lang.Inputs{LookupEnv: func(string) (string, bool) { return "", false }},
		SSH:     sshconfig.Files{User: "none", Home: "/home/me", LocalUser: "me", Getenv: func(string) string { return "" }},
		Environ: func() []string { return nil },
	}
}
