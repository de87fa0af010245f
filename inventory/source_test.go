package inventory

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := offline()
	o.Paths = []string{dir}
	_, ds := Load(t.Context(), o)
	if len(ds) != 1 || ds[0].Summary != "Conflicting definitions" || ds[0].Range.Filename != filepath.Join(dir, "b.json") {
		t.Errorf("%+v", ds)
	}
}
