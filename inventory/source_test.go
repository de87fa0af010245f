package inventory

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fleet/internal/lang"
)

func TestHostsOfSSHConfig(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("Host nas.lan *.lan !x.lan\n  User admin\nHost other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	inv := load(t, `
source "ssh_config" "mine" { include = ["*.lan"] }
`, func(o *Options) { o.SSH.User = config })
	var names []string
	for _, h := range inv.Hosts() {
		names = append(names, h.Name)
	}
	if diff := cmp.Diff([]string{"nas.lan"}, names); diff != "" {
		t.Error(diff)
	}
	if tg := target(t, inv, "nas.lan"); tg.User != "admin" {
		t.Errorf("user %q", tg.User)
	}
}

func TestSourcesAgreeOrSayWhereTheyDoNot(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"inv.fleet.hcl": `
source "json" "a" { path = "a.json" }
source "json" "b" { path = "b.json" }
group "web" { vars = { port = 1 } }
`,
		"a.json": `[{"name": "w1", "groups": ["web"], "port": 2, "same": 1}]`,
		"b.json": `[{"name": "w1", "groups": ["web"], "port": 3, "same": 1}]`,
	} {
		write(t, dir, name, text)
	}
	o := offline()
	o.Paths = []string{dir}
	_, ds := Load(t.Context(), o)
	if len(ds) != 1 || ds[0].Summary != "Conflicting definitions" || ds[0].Range.Filename != filepath.Join(dir, "b.json") {
		t.Errorf("%+v", ds)
	}
}

func TestWhatIsTooMuchForASourceIsSaid(t *testing.T) {
	chain := make([]string, 0, 400) // groups in groups in groups
	for i := range 400 {
		chain = append(chain, fmt.Sprintf(`"g%d": {"children": ["g%d"]}`, i, i+1))
	}
	cases := map[string]struct{ block, file, text, summary string }{
		"nesting of groups in YAML": {
			`source "ansible" "x" { path = "x.yml" }`, "x.yml",
			"all:\n  children: " + strings.Repeat("{g: {children: ", 300) + "{}" + strings.Repeat("}}", 300), "Nesting too deep",
		},
		"names": {`source "ansible" "x" { path = "x.ini" }`, "x.ini", strings.Repeat("h[1:900000]\n", 2), "Inventory too large"},
		"nesting of groups in an answer": {
			`source "exec" "x" { command = ["cat", "x.json"] }`, "x.json",
			"{" + strings.Join(chain, ",") + `, "g400": ["h"]}`, "Groups nested too deep",
		},
		"groups of hosts": {
			`source "csv" "x" { path = "x.csv" }`, "x.csv",
			"name,groups\n" + rows(50_001, "h%d,g%[1]d\n"), "Too many groups",
		},
		"cells": {
			`source "csv" "x" { path = "x.csv" }`, "x.csv",
			"name" + strings.Repeat(",c", 2000) + "\n" + strings.Repeat("h"+strings.Repeat(",", 2000)+"\n", 500), "Invalid CSV",
		},
		"hosts in groups in groups": {
			`source "exec" "x" { command = ["cat", "x.json"] }`, "x.json",
			"{" + strings.Join(chain[:90], ",") + `, "g90": [` + rows(60_000, `"h%d",`) + `"last"]}`, "Invalid members",
		},
		"problems": {
			`source "json" "x" { path = "x.json" }`, "x.json",
			"[" + strings.Repeat("7,", 200) + "7]", "Too many problems",
		},
		"arguments": {
			`source "ansible" "x" { path = "x.ini" }`, "x.ini",
			"h1 ansible_ssh_common_args='-o Compression=yes -W x'\n", "Unused SSH arguments",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "inv.fleet.hcl", c.block)
			write(t, dir, c.file, c.text)
			o := offline()
			o.Paths = []string{dir}
			_, ds := Load(t.Context(), o)
			if !slices.ContainsFunc(ds, func(d lang.Diagnostic) bool { return d.Summary == c.summary }) {
				t.Errorf("no %q in %+v", c.summary, ds)
			}
		})
	}
}

func TestACacheThatCannotBeUsedIsAWarning(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "inv.fleet.hcl", `source "exec" "x" {
  command = ["echo", "h1"]
  cache   = "1m"
}`)
	o := offline()
	o.Paths, o.CacheDir = []string{dir}, filepath.Join(dir, "inv.fleet.hcl") // no folder
	inv, ds := Load(t.Context(), o)
	if len(ds) == 0 || ds.HasErrors() || ds[0].Summary != "Cache cannot be used" || len(inv.Hosts()) != 1 {
		t.Errorf("%d hosts, %+v", len(inv.Hosts()), ds)
	}
}

func TestLoadingEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "inv.fleet.hcl", `group "web" { hosts = ["h"] }`)
	o := offline()
	o.Paths = []string{dir}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, ds := Load(ctx, o); len(ds) != 1 || ds[0].Summary != "Loading interrupted" {
		t.Errorf("%+v", ds)
	}
}

// rows repeats a line for the numbers below n.
func rows(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
