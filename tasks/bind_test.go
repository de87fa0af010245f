package tasks

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"

	"fleet/inventory"
)

// prepared is the plan of all tasks of a project, which has no mistakes.
func prepared(t testing.TB, src string) *Plan {
	t.Helper()
	set, inv := loaded(t, src)
	p, found, err := set.Plan(Options{Names: set.names()})
	if err != nil || found.HasErrors() {
		t.Fatalf("%v %v", err, found.Err())
	}
	if p.inv != inv {
		t.Fatal("the plan is for another inventory")
	}
	return p
}

func loaded(t testing.TB, src string) (*Set, *inventory.Inventory) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.fleet.hcl"), []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	o := offline("a.fleet.hcl")
	o.Secrets.LookupEnv = func(name string) (string, bool) { return "the text of " + name, true }
	inv, found := inventory.Load(t.Context(), o)
	set, more := Load(inv)
	if found = append(found, more...); found.HasErrors() {
		t.Fatal(found.Err())
	}
	return set, inv
}

// project is a project with one task of the given inside.
func project(task string) string {
	return `
variable "release" { default = "1.2" }
variable "password" {
  default   = "hunter2"
  sensitive = true
}
secret "token" { env = "TOKEN" }
secret "key" { env = "KEY" }
locals { url = "db://${secret.token}@db" }
group "lb" { hosts = ["lb[1-2]"] }
group "web" {
  hosts  = ["web[1-3]"]
  labels = { dc = "ams" }
  vars = {
    port   = 8080
    secret = secret.key
    cpus   = host.facts.cpus
    index  = host.index
  }
}
task "deploy" {
  hosts = "@web"
  step "version" {
    command = "cat VERSION"
    changed = false
  }
` + task + "\n}\n"
}

// step is the one of that name in the first task.
func (p *Plan) step(t testing.TB, name string) *Step {
	t.Helper()
	for s := range p.Tasks[0].allSteps() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no step %q", name)
	return nil
}

var ignoreEach = cmpopts.IgnoreUnexported(Call{})

func sameCalls(t *testing.T, got, want []*Call) {
	t.Helper()
	name := cmp.Transformer("name", func(h *inventory.Host) string {
		if h == nil {
			return ""
		}
		return h.Name
	})
	if diff := cmp.Diff(want, got, ignoreEach, name); diff != "" {
		t.Errorf("calls differ (-want +got):\n%s", diff)
	}
}

func one(c *Command) []*Call { return []*Call{{Action: c}} }

func TestAStepIsMadeForAHost(t *testing.T) {
	tests := []struct {
		name, step string
		want       []*Call
	}{
		{"a command", `command = "echo ${shellquote(host.name)}"`, one(&Command{Script: "echo web2"})},
		{"the same for all", `command = "echo a"`, one(&Command{Script: "echo a"})},
		{"exact words", `argv = ["echo", "it's", "", "$HOME", 5, true]`, one(&Command{Script: `echo 'it'\''s' '' '$HOME' 5 true`})},
		{"a word that the shell knows", `argv = ["time", "ls"]`, one(&Command{Script: "'time' ls"})},
		{"a script", `script = "#!/usr/bin/env python3\nprint(1)\n"`, one(&Command{
			Script: "#!/usr/bin/env python3\nprint(1)\n", Interpreter: []string{"/usr/bin/env", "python3"},
		})},
		{"a script of sh", `script = "\ufeffset -e\n"`, one(&Command{Script: "set -e\n"})},
		{
			"what is around it", `
			command = "x"
			env     = { B = host.vars.port, A = true, NONE = null, C = "" }
			cwd     = "/srv/${host.name}"
			stdin   = ""
			become  = "app"`,
			[]*Call{{Become: "app", Action: &Command{
				Script: "x", Env: []string{"A=true", "B=8080", "C="}, Dir: "/srv/web2", HasStdin: true,
			}}},
		},
		{"nulls are as if they were absent", `
			command = "x"
			env     = null
			cwd     = null
			stdin   = null
			become  = null
			creates = null
			on      = null`, one(&Command{Script: "x"})},
		{
			"guards", `
			command = "x"
			only_if = "test -e /b"
			unless  = "test -e /a"
			removes = "/old"
			creates = "/new/${var.release}"`,
			[]*Call{{Action: &Command{Script: "x"}, Guards: []Guard{
				{"creates", "/new/1.2"}, {"removes", "/old"}, {"unless", "test -e /a"}, {"only_if", "test -e /b"},
			}}},
		},
		{"on this machine", "command = \"x\"\nlocal = true", []*Call{{Local: true, Action: &Command{Script: "x"}}}},
		{"a port", "wait {\n port = host.vars.port\n timeout = \"2m\"\n}", []*Call{{Action: &Wait{
			Address: "localhost:8080", Timeout: 2 * time.Minute, Delay: time.Second,
		}}}},
		{"a port elsewhere", "wait {\n port = \"443\"\n host = \"::1\"\n}", []*Call{{Action: &Wait{
			Address: "[::1]:443", Timeout: time.Minute, Delay: time.Second,
		}}}},
		{"a path", "wait {\n path = \"/run/x\"\n delay = \"2s\"\n}", []*Call{{Action: &Wait{
			Path: "/run/x", Timeout: time.Minute, Delay: 2 * time.Second,
		}}}},
		{"a URL", "wait {\n http = \"http://localhost:${host.vars.port}/x\"\n}", []*Call{{Action: &Wait{
			URL: "http://localhost:8080/x", Timeout: time.Minute, Delay: time.Second,
		}}}},
		{"the place in the selection", `command = "echo ${host.index}${host.vars.index}"`, one(&Command{Script: "echo 11"})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := prepared(t, project("step \"it\" {\n"+tt.step+"\n}"))
			b, err := p.NewHost(p.Tasks[0], 1, false).Bind(p.step(t, "it"))
			if err != nil {
				t.Fatal(err)
			}
			if b.Late || b.Skip != "" {
				t.Errorf("late %v, skip %q", b.Late, b.Skip)
			}
			sameCalls(t, b.Calls, tt.want)
		})
	}
}

func TestAStepIsMadeForEachElementOnEachMachine(t *testing.T) {
	p := prepared(t, project(`
	step "it" {
	  for_each = { b = 2, a = "x y" }
	  on       = "@lb"
	  command  = "echo ${each.key} ${shellquote(each.value)} ${host.name}"
	}
	step "some" {
	  for_each = ["b", "10", "9", "b"]
	  on       = "lb${host.index % 2 + 1}"
	  argv     = ["echo", each.key, each.value]
	}
	step "none" {
	  for_each = []
	  command  = "x"
	}`))
	h := p.NewHost(p.Tasks[0], 0, false)
	var got []string
	for _, name := range []string{"it", "some"} {
		b, err := h.Bind(p.step(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Calls {
			got = append(got, c.Key+" "+c.On.Name+": "+c.Action.(*Command).Script)
		}
	}
	want := []string{
		"a lb1: echo a 'x y' web1", "a lb2: echo a 'x y' web1", "b lb1: echo b 2 web1", "b lb2: echo b 2 web1",
		"10 lb1: echo 10 10", "9 lb1: echo 9 9", "b lb1: echo b b",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if b, err := h.Bind(p.step(t, "none")); err != nil || b.Skip != "for_each is empty" || len(b.Calls) > 0 {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestWhenDecidesFirst(t *testing.T) {
	p := prepared(t, project(`
	step "it" {
	  when     = step.version.stdout != var.release && host.name != "web3"
	  for_each = jsondecode(step.version.stderr)
	  command  = "echo ${each.key}"
	}
	step "after" {
	  when    = step.it.skipped
	  command = "echo '${step.it.stdout}' ${step.it.status == null}"
	}`))
	it, after := p.step(t, "it"), p.step(t, "after")
	h := p.NewHost(p.Tasks[0], 0, false)
	h.Record(p.step(t, "version"), &Result{Stdout: "1.2\n\n", Stderr: "not JSON"})
	b, err := h.Bind(it)
	if err != nil || b.Skip != `when is false: step.version.stdout != var.release && host.name != "web3"` {
		t.Fatalf("%+v, %v", b, err)
	}
	h.Record(it, nil)
	if b, err = h.Bind(after); err != nil || b.Calls[0].Action.(*Command).Script != "echo '' true" {
		t.Errorf("%+v, %v", b, err)
	}
	h.Record(p.step(t, "version"), &Result{Stdout: "1.1\n", Stderr: `["a"]`})
	if b, err = h.Bind(it); err != nil || b.Skip != "" || b.Calls[0].Key != "a" {
		t.Errorf("%+v, %v", b, err)
	}
	h.Record(it, &Result{Status: 3})
	if b, err = h.Bind(after); err != nil || b.Skip != "when is false: step.it.skipped" {
		t.Errorf("%+v, %v", b, err)
	}
	fresh := p.NewHost(p.Tasks[0], 1, false) // the step failed before, or was left out
	if b, err = fresh.Bind(after); err != nil || b.Skip != "" {
		t.Errorf("a step that was not carried out counts as skipped: %+v, %v", b, err)
	}
}

func TestAPreviewSaysWhatIsNotKnownYet(t *testing.T) {
	p := prepared(t, project(`
	step "when" {
	  when    = step.version.changed
	  command = "x"
	}
	step "each" {
	  for_each = split(",", step.version.stdout)
	  command  = "x"
	}
	step "set" {
	  for_each = toset(["a", step.version.stdout])
	  command  = "x"
	}
	step "map" {
	  for_each = { a = step.version.stdout }
	  command  = "x ${each.value}"
	}
	step "argv" { argv = ["x", step.version.stdout] }
	step "command" {
	  command = "echo ${shellquote(step.version.stdout)}"
	  creates = "/x"
	  unless  = step.version.stdout
	}
	step "env" {
	  env     = { A = step.version.status }
	  command = "x"
	}
	step "on" {
	  on      = step.version.stdout
	  command = "x"
	}
	step "secret" {
	  command = "x"
	  stdin   = secret.token
	}
	step "facts" {
	  command = "x ${host.vars.cpus}"
	}
	step "known" {
	  when    = step.version.changed && false
	  command = "x"
	}`))
	h := p.NewHost(p.Tasks[0], 0, true)
	bind := func(name string) *Bound {
		t.Helper()
		b, err := h.Bind(p.step(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return b
	}
	if b := bind("when"); !b.Late || len(b.Calls) != 1 || b.Calls[0].Late || b.Calls[0].Action == nil {
		t.Errorf("when: %+v", b)
	}
	for _, name := range []string{"each", "set", "on"} {
		if b := bind(name); !b.Late || len(b.Calls) > 0 {
			t.Errorf("%s: %+v", name, b)
		}
	}
	for _, name := range []string{"command", "map", "argv", "env", "secret", "facts"} {
		b := bind(name)
		if b.Late || len(b.Calls) != 1 || !b.Calls[0].Late || b.Calls[0].Action != nil {
			t.Errorf("%s: %+v", name, b)
		}
		if b.Calls[0].Private != (name == "secret") {
			t.Errorf("%s: private %v", name, b.Calls[0].Private)
		}
	}
	if b := bind("command"); !slices.Equal(b.Calls[0].Guards, []Guard{{"creates", "/x"}}) {
		t.Errorf("guards %v", b.Calls[0].Guards)
	}
	if b := bind("known"); b.Skip == "" || b.Late {
		t.Errorf("known: %+v", b)
	}
	h.Record(p.step(t, "version"), &Result{Stdout: "lb2", Changed: true})
	if b := bind("on"); b.Late || b.Calls[0].On.Name != "lb2" {
		t.Errorf("on, with a result: %+v", b)
	}
	h.SetFacts(cty.ObjectVal(map[string]cty.Value{"cpus": cty.NumberIntVal(4)}))
	if b := bind("facts"); b.Calls[0].Late {
		t.Errorf("with facts: %+v", b.Calls[0])
	}
}

func TestFactsAreAskedForWhereTheyAreNeeded(t *testing.T) {
	p := prepared(t, project(`
	postcondition {
	  condition     = host.facts.memory > 1
	  error_message = "too small"
	}
	step "no" { command = "echo ${host.vars.port}" }
	step "direct" { command = "echo ${host.facts.cpus}" }
	step "var" { command = "echo ${host.vars.cpus}" }
	step "whole" {
	  stdin   = jsonencode({ x = host.vars })
	  command = "cat"
	}
	step "after" {
	  command = "x"
	  failed  = self.status > host.facts.cpus
	}`))
	h := p.NewHost(p.Tasks[0], 0, false)
	for name, want := range map[string]bool{"version": false, "no": false, "direct": true, "var": true, "whole": true, "after": true} {
		if got := h.NeedsFacts(p.step(t, name)); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if !h.NeedsFacts(nil) {
		t.Error("the conditions need none")
	}
	if _, err := h.Bind(p.step(t, "var")); err == nil || !strings.Contains(err.Error(), "command needs the facts of the host") {
		t.Errorf("without facts: %v", err)
	}
	h.SetFacts(cty.ObjectVal(map[string]cty.Value{"cpus": cty.NumberIntVal(4), "memory": cty.NumberIntVal(1)}))
	if h.NeedsFacts(nil) || h.NeedsFacts(p.step(t, "var")) {
		t.Error("facts are wanted twice")
	}
	b, err := h.Bind(p.step(t, "var"))
	if err != nil {
		t.Fatal(err)
	}
	sameCalls(t, b.Calls, one(&Command{Script: "echo 4"}))
	if err := h.Postcondition(); err == nil || err.Error() != "a.fleet.hcl:29: too small" {
		t.Errorf("%v", err)
	}
}

func TestAStepHasABoundedNumberOfCalls(t *testing.T) {
	const src = `
group "lb" { hosts = ["lb[1-11]"] }
task "t" {
  hosts = "lb1"
  step "it" {
    for_each = toset([for n in range(1000) : tostring(n)])
    on       = "@lb"
    command  = "x"
  }
}
`
	set, _ := loaded(t, src)
	if _, found, err := set.Plan(Options{}); err != nil || len(found) != 1 || found[0].Summary != "Too many calls" {
		t.Errorf("%v %v", err, found)
	}
	p := prepared(t, strings.Replace(src, "1-11", "1-10", 1))
	b, err := p.NewHost(p.Tasks[0], 0, false).Bind(p.step(t, "it"))
	if err != nil || len(b.Calls) != 10_000 {
		t.Errorf("%d calls, %v", len(b.Calls), err)
	}
}

func TestWhatStepsCostIsBoundedForAllHostsTogether(t *testing.T) {
	set, _ := loaded(t, `
group "web" { hosts = ["web[1-3000]"] }
task "t" {
  hosts = "@web"
  step "it" { command = join(" ", [for i in range(800) : "${host.name}-${i}"]) }
}
`)
	_, found, err := set.Plan(Options{})
	if err != nil || len(found) != 1 || found[0].Summary != "Evaluation too expensive" || found[0].Range.Start.Line != 5 {
		t.Errorf("%v %v", err, found)
	}
	few := func(string) ([]*inventory.Host, error) { return set.inv.Match("web[1-10]") }
	if _, found, err = set.Plan(Options{Narrow: few}); err != nil || len(found) > 0 {
		t.Errorf("for ten: %v %v", err, found)
	}
}

func TestWhatOnlyARunCanFindIsOneLineWithThePlace(t *testing.T) {
	p := prepared(t, project(`
	step "json" { command = "x ${jsondecode(step.version.stdout).a}" }
	step "each" {
	  for_each = split(",", step.version.stdout)
	  on       = each.key
	  command  = "x"
	}
	step "facts" { command = "x ${host.vars.cpus + 1}" }
	step "null" { command = "x ${host.facts.memory}" }`))
	h := p.NewHost(p.Tasks[0], 0, false)
	h.Record(p.step(t, "version"), &Result{Stdout: "lb1,lb9"})
	check := func(name, want string) {
		t.Helper()
		_, err := h.Bind(p.step(t, name))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	check("json", `a.fleet.hcl:28: error in function call: Call to function "jsondecode" failed: invalid character 'l' looking for beginning of value.`)
	check("each", `a.fleet.hcl:31: invalid hosts: No host "lb9" in the inventory; did you mean "lb1"?`)
	check("facts", "a.fleet.hcl:34: value not known: command needs the facts of the host, and these were not gathered.")
	h.SetFacts(cty.ObjectVal(map[string]cty.Value{"cpus": cty.NullVal(cty.Number), "memory": cty.NullVal(cty.Number)}))
	check("facts", "a.fleet.hcl:34: operation failed: Error during operation: argument must not be null.")
	check("null", "a.fleet.hcl:35: invalid template interpolation value: The expression result is null. Cannot include a null value in a string template.")
	_, err := h.Bind(p.step(t, "facts"))
	var d *bindError
	if !errors.As(err, &d) || d.Summary == "Value not known" {
		t.Errorf("%v", err)
	}
}

func TestHostsAreMadeSideBySide(t *testing.T) {
	p := resolved(t, project(`
	step "each" {
	  for_each = { a = secret.token, b = host.name }
	  env      = { V = each.value }
	  command  = "x"
	  changed  = self.stdout == host.vars.secret
	}
	step "after" { command = "x ${step.each.stdout}" }`))
	task := p.Tasks[0]
	var all sync.WaitGroup
	for range 8 {
		for i := range task.Hosts {
			all.Go(func() {
				h := p.NewHost(task, i, false)
				for _, s := range task.Steps {
					b, err := h.Bind(s)
					if err != nil {
						t.Error(err)
						return
					}
					r := Result{Stdout: "the text of KEY\n"}
					for _, c := range b.Calls {
						if err := h.Judge(s, c, &r); err != nil || r.Changed != (s.Name != "version") {
							t.Errorf("%s: %+v, %v", s.Name, r, err)
						}
					}
					h.Record(s, &r)
					if s.Name == "after" && (!b.Calls[0].Private || b.Calls[0].Action.(*Command).Script != "x the text of KEY") {
						t.Errorf("%+v", b.Calls[0])
					}
				}
			})
		}
	}
	all.Wait()
}

func TestJSONFilesMeanTheSame(t *testing.T) {
	set := loadFile(t, "a.fleet.json", `{
	  "host": {"web1": {"vars": {"port": 80}}},
	  "task": {"t": {"hosts": "*", "step": [
	    {"a": {"command": "cat VERSION"}},
	    {"b": {"when": "${step.a.stdout != \"\"}", "for_each": ["x"], "env": {"P": "${host.vars.port}"}, "argv": ["echo", "${each.key}"], "changed": "${self.status == 1}"}}
	  ]}}
	}`)
	p := planOf(t, set, Options{})
	h := p.NewHost(p.Tasks[0], 0, false)
	b, err := h.Bind(p.step(t, "b"))
	if err != nil || b.Skip != `when is false: "${step.a.stdout != \"\"}"` {
		t.Errorf("%+v, %v", b, err)
	}
	h.Record(p.step(t, "a"), &Result{Stdout: "1"})
	if b, err = h.Bind(p.step(t, "b")); err != nil {
		t.Fatal(err)
	}
	sameCalls(t, b.Calls, []*Call{{Key: "x", Action: &Command{Script: "echo x", Env: []string{"P=80"}}}})
	r := Result{Status: 1}
	if err := h.Judge(p.step(t, "b"), b.Calls[0], &r); err != nil || !r.Changed {
		t.Errorf("%+v, %v", r, err)
	}
}
