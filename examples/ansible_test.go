//go:build unix

package examples_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A known is what is known of a host.
type known struct {
	Groups []string
	Vars   map[string]any
}

// The examples hold what ansible-inventory says they hold.
func TestAnsibleInventoriesHoldWhatAnsibleSays(t *testing.T) {
	t.Parallel()
	tests := []struct{ example, path, source string }{
		{"ansible-ini", "hosts", "legacy"},
		{"ansible-yaml", "hosts.yml", "campus"},
	}
	for _, tt := range tests {
		t.Run(tt.example, func(t *testing.T) {
			t.Parallel()
			want := byAnsible(t, filepath.Join(tt.example, tt.path))
			got := byFleet(t, tt.example, tt.source)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("ansible-inventory and fleet hosts differ (-ansible +fleet):\n%s", diff)
			}
			if len(want) < 15 {
				t.Errorf("there are %d hosts", len(want))
			}
		})
	}
}

// byFleet is what "fleet hosts" prints, but for the group of all hosts of the
// source, which Ansible calls all.
func byFleet(t *testing.T, example, source string) map[string]known {
	t.Helper()
	p := copyExample(t, example)
	var list []struct {
		Name   string
		Groups []string
		Vars   map[string]any
	}
	if err := json.Unmarshal([]byte(p.must(t, "hosts", "--format", "json")), &list); err != nil {
		t.Fatal(err)
	}
	out := map[string]known{}
	for _, h := range list {
		if !slices.Contains(h.Groups, source) {
			t.Errorf("%s is not in the group %q", h.Name, source)
		}
		h.Groups = slices.DeleteFunc(h.Groups, func(g string) bool { return g == source })
		out[h.Name] = known{Groups: h.Groups, Vars: h.Vars}
	}
	return out
}

// byAnsible is what "ansible-inventory --list" prints, with the groups of groups
// followed up to the top.
func byAnsible(t *testing.T, inventory string) map[string]known {
	t.Helper()
	type group struct {
		Hosts, Children []string
		Hostvars        map[string]map[string]any
	}
	var list map[string]group
	if err := json.Unmarshal(ansibleList(t, inventory), &list); err != nil {
		t.Fatal(err)
	}
	out := map[string]known{}
	var follow func(name string, above []string)
	follow = func(name string, above []string) {
		g := list[name]
		if name != "all" {
			above = append(slices.Clone(above), name)
		}
		for _, child := range g.Children {
			follow(child, above)
		}
		for _, h := range g.Hosts {
			groups := append(slices.Clone(out[h].Groups), above...)
			slices.Sort(groups)
			vars := list["_meta"].Hostvars[h]
			if vars == nil {
				vars = map[string]any{}
			}
			out[h] = known{Groups: slices.Compact(groups), Vars: vars}
		}
	}
	follow("all", []string{})
	return out
}

// ansibleList runs ansible-inventory without the settings of the machine. Without
// Ansible it skips the test, or fails it where everything has to be there.
func ansibleList(t *testing.T, inventory string) []byte {
	t.Helper()
	if _, err := exec.LookPath("ansible-inventory"); err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
			t.Fatalf("FLEET_REQUIRE_SSHD is set, and %v (hint: apt-get install ansible-core)", err)
		}
		t.Skipf("needs Ansible: %v", err)
	}
	home := t.TempDir()
	config := filepath.Join(home, "ansible.cfg")
	if err := os.WriteFile(config, []byte("[defaults]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ansible-inventory", "-i", inventory, "--list")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C.UTF-8",
		"ANSIBLE_HOME=" + home, "ANSIBLE_LOCAL_TEMP=" + home, "ANSIBLE_CONFIG=" + config,
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ansible-inventory: %v: %s", err, errs.String())
	}
	return out
}
