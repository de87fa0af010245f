package ansible

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"fleet/inventory/source"
)

// A view is what an inventory comes to, in a form that can be compared.
type view struct {
	Vars     map[string]map[string]any // of each host
	Hosts    map[string][]string       // of each group, itself
	Children map[string][]string       // of each group
}

// viewOf applies the rule of package source: a later group wins.
func viewOf(d *source.Data) view {
	v := view{Vars: map[string]map[string]any{}, Hosts: map[string][]string{}, Children: map[string][]string{}}
	children := map[string][]string{}
	direct := map[string][]string{}
	for _, g := range d.Groups {
		children[g.Name], direct[g.Name] = g.Children, g.Hosts
		if len(g.Hosts) > 0 {
			v.Hosts[g.Name] = slices.Sorted(slices.Values(g.Hosts))
		}
		if len(g.Children) > 0 {
			v.Children[g.Name] = slices.Sorted(slices.Values(g.Children))
		}
	}
	var members func(g string) []string
	members = func(g string) []string {
		out := slices.Clone(direct[g])
		for _, c := range children[g] {
			out = append(out, members(c)...)
		}
		return out
	}
	lay := func(host string, vars map[string]source.Value) {
		for name, value := range vars {
			v.Vars[host][name] = plain(value.Value)
		}
	}
	for _, h := range d.Hosts {
		v.Vars[h.Name] = map[string]any{}
		lay(h.Name, d.Common.Vars)
	}
	for _, g := range d.Groups {
		for _, h := range members(g.Name) {
			lay(h, g.Vars)
		}
	}
	for _, h := range d.Hosts {
		lay(h.Name, h.Vars)
	}
	return v
}

// plain makes of a value what encoding/json makes of it, with numbers as
// written floats.
func plain(v cty.Value) any {
	v, _ = v.Unmark()
	switch {
	case v.IsNull():
		return nil
	case v.Type() == cty.String:
		return v.AsString()
	case v.Type() == cty.Bool:
		return v.True()
	case v.Type() == cty.Number:
		return number(v.AsBigFloat())
	case v.Type().IsObjectType():
		out := map[string]any{}
		for name, e := range v.AsValueMap() {
			out[name] = plain(e)
		}
		return out
	}
	out := []any{}
	for _, e := range v.AsValueSlice() {
		out = append(out, plain(e))
	}
	return out
}

func number(f *big.Float) string {
	if f.IsInt() {
		return f.Text('f', 0)
	}
	g, _ := f.Float64()
	return strconv.FormatFloat(g, 'g', -1, 64)
}

// normal writes the numbers of JSON as plain does.
func normal(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _, err := big.ParseFloat(v.String(), 10, 600, big.ToNearestEven)
		if err != nil {
			return v.String()
		}
		return number(f)
	case map[string]any:
		if text, ok := v["__ansible_unsafe"]; ok && len(v) == 1 {
			return text // how Ansible writes that a text is not to be evaluated
		}
		for k := range v {
			v[k] = normal(v[k])
		}
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	}
	return v
}

// viewOfList reads what ansible-inventory --list prints.
func viewOfList(t *testing.T, text []byte) view {
	t.Helper()
	var list map[string]struct {
		Hosts, Children []string
		Hostvars        map[string]map[string]any
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&list); err != nil {
		t.Fatalf("ansible-inventory printed no JSON: %v", err)
	}
	v := view{Vars: map[string]map[string]any{}, Hosts: map[string][]string{}, Children: map[string][]string{}}
	for name, g := range list {
		for host, vars := range g.Hostvars {
			normal(vars)
			v.Vars[host] = vars
		}
		if name == "_meta" || name == "all" {
			continue
		}
		for _, h := range g.Hosts {
			if v.Vars[h] == nil {
				v.Vars[h] = map[string]any{}
			}
		}
		if len(g.Hosts) > 0 {
			v.Hosts[name] = slices.Sorted(slices.Values(g.Hosts))
		}
		if len(g.Children) > 0 {
			v.Children[name] = slices.Sorted(slices.Values(g.Children))
		}
	}
	return v
}

// needAnsible skips the test, or fails it where everything has to be there.
func needAnsible(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err == nil {
		return
	}
	text := "Ansible is needed (apt-get install ansible-core): " + err.Error() + ": " + string(out)
	if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// ansibleEnv keeps the settings of the machine out.
func ansibleEnv(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	config := filepath.Join(home, "ansible.cfg")
	if err := os.WriteFile(config, []byte("[defaults]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "ANSIBLE_") })
	return append(env, "HOME="+home, "ANSIBLE_HOME="+home, "ANSIBLE_LOCAL_TEMP="+home, "ANSIBLE_CONFIG="+config, "LC_ALL=C.UTF-8")
}

func TestLoadsWhatAnsibleLoads(t *testing.T) {
	for _, path := range []string{"testdata/ini/hosts", "testdata/yaml/inventory.yml", "testdata/folder"} {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			cmd := exec.Command("ansible-inventory", "--version")
			cmd.Env = ansibleEnv(t)
			needAnsible(t, cmd)
			list := exec.Command("ansible-inventory", "-i", path, "--list")
			list.Env = cmd.Env
			var errs bytes.Buffer
			list.Stderr = &errs
			out, err := list.Output()
			if err != nil {
				t.Fatalf("ansible-inventory: %v: %s", err, errs.String())
			}
			d := Load(t.Context(), Options{Path: path})
			for _, p := range d.Problems {
				if !p.Warning {
					t.Errorf("%s:%d: %s: %s", p.At.File, p.At.Line, p.Summary, p.Detail)
				}
			}
			want := viewOfList(t, out)
			if diff := cmp.Diff(want, viewOf(d)); diff != "" {
				t.Errorf("ansible-inventory and Load differ (-ansible +fleet):\n%s", diff)
			}
			if len(want.Vars) == 0 {
				t.Error("the inventory has no hosts")
			}
		})
	}
}

// viewScript prints the view of each inventory that is named on its stdin, as
// ansible-inventory --list makes it, without its start-up for each.
const viewScript = `
import json, sys
from ansible.cli.inventory import INTERNAL_VARS
from ansible.inventory.manager import InventoryManager
from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager
for path in sys.stdin.read().split():
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[path])
    manager = VariableManager(loader=loader, inventory=inventory)
    out = {"_meta": {"hostvars": {}}}
    for host in inventory.get_hosts():
        vars = manager.get_vars(host=host, include_hostvars=False, stage="all")
        out["_meta"]["hostvars"][host.name] = {k: v for k, v in vars.items() if k not in INTERNAL_VARS}
    for group in inventory.groups.values():
        if group.name != "all":
            out[group.name] = {"hosts": [h.name for h in group.hosts], "children": [g.name for g in group.child_groups]}
    print(json.dumps(out, cls=AnsibleJSONEncoder, preprocess_unsafe=True))
`

// python runs a script, with lines on its stdin, and returns the lines it prints.
func python(t *testing.T, script string, lines []string) [][]byte {
	t.Helper()
	// That of the distribution, which has its packages, where there is one.
	tool := "/usr/bin/python3"
	if _, err := os.Stat(tool); err != nil {
		tool = "python3"
	}
	env := ansibleEnv(t)
	probe := exec.Command(tool, "-c", "import ansible.inventory.manager")
	probe.Env = env
	needAnsible(t, probe)
	cmd := exec.Command(tool, "-c", script)
	cmd.Env = append(env, "PYTHONWARNINGS=ignore")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("oracle: %v: %s", err, errs.String())
	}
	answers := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(answers) != len(lines) {
		t.Fatalf("oracle: %d answers to %d questions: %s", len(answers), len(lines), errs.String())
	}
	return answers
}
