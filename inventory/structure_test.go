package inventory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGroupsKnowWhichOthersTheyMention(t *testing.T) {
	inv := load(t, `
group "web" { hosts = ["web[1-3]"] }
group "old" { hosts = ["web3"] }
group "prod" { members = "@web!@old" }
`)
	for _, g := range inv.Groups() {
		var names []string
		for _, c := range g.Children {
			names = append(names, c.Name)
		}
		want := map[string]string{"prod": "web old"}[g.Name]
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s mentions %q, not %q", g.Name, got, want)
		}
	}
	if sources := inv.Sources(); len(sources) != 0 {
		t.Errorf("%v", sources)
	}
}

// Which facts there are is known before any host was asked.
func TestAFactThatThereIsNotIsAMistakeOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.fleet.hcl")
	if err := os.WriteFile(path, []byte(`
group "web" {
  hosts = ["web1"]
  vars  = { small = host.facts.memroy < 1024, known = host.facts.os == "linux" }
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	o := offline()
	o.Paths = []string{path}
	_, ds := Load(t.Context(), o)
	if len(ds) != 1 || !strings.Contains(ds[0].Detail, `Did you mean "memory"?`) {
		t.Errorf("%+v", ds)
	}
}
