package tasks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fleet/inventory"
)

// load reads a project of one file, in which nothing may be wrong.
func loadSet(t *testing.T, src string) *Set {
	t.Helper()
	return loadFile(t, "a.fleet.hcl", src)
}

func loadFile(t *testing.T, name, src string) *Set {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	inv, found := inventory.Load(t.Context(), offline(path))
	set, more := Load(inv)
	if found = append(found, more...); found.HasErrors() {
		t.Fatal(found.Err())
	}
	return set
}

func planOf(t *testing.T, set *Set, o Options) *Plan {
	t.Helper()
	p, found, err := set.Plan(o)
	if err != nil || found.HasErrors() {
		t.Fatal(err, found.Err())
	}
	return p
}

func TestBatches(t *testing.T) {
	share := func(p float64) Size { return Size{Percent: p} }
	hosts := func(n int) Size { return Size{N: n} }
	for _, c := range []struct {
		name    string
		rollout *Rollout
		n       int
		want    []int // sizes; negative: a canary
	}{
		{"none is one batch", nil, 5, []int{5}},
		{"nobody needs no batch", nil, 0, nil},
		{"nobody needs no canary", &Rollout{Canary: hosts(1)}, 0, nil},
		{"an empty one is one batch", &Rollout{}, 5, []int{5}},
		{"only a canary", &Rollout{Canary: hosts(1)}, 5, []int{-1, 4}},
		{"a canary that is all", &Rollout{Canary: hosts(9)}, 5, []int{-5}},
		{"equal batches", &Rollout{Batches: []Size{hosts(2)}}, 5, []int{2, 2, 1}},
		{"shares are of all hosts", &Rollout{Canary: hosts(1), Batches: []Size{share(25)}}, 8, []int{-1, 2, 2, 2, 1}},
		{"a small share is one host", &Rollout{Canary: share(1), Batches: []Size{share(10)}}, 3, []int{-1, 1, 1}},
		{"the last is repeated", &Rollout{Batches: []Size{hosts(1), share(10), share(20)}}, 10, []int{1, 1, 2, 2, 2, 2}},
		{"everything at the end", &Rollout{Batches: []Size{hosts(1), share(10), share(100)}}, 30, []int{1, 3, 26}},
		{"exact in floating point", &Rollout{Batches: []Size{share(29)}}, 100, []int{29, 29, 29, 13}},
	} {
		var got []int
		next := 0
		for _, b := range c.rollout.batches(c.n) {
			size := len(b.Hosts)
			for _, i := range b.Hosts {
				if i != next {
					t.Errorf("%s: host %d has its turn in place of %d", c.name, i, next)
				}
				next++
			}
			if b.Canary {
				size = -size
			}
			got = append(got, size)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", c.name, got, c.want)
		}
	}
}

func TestTheBudgetIsRoundedDown(t *testing.T) {
	set := loadSet(t, `
group "web" { hosts = ["web[01-39]"] }
task "a" {
  hosts = "@web"
  rollout {
    max_failures    = "5%"
    max_unreachable = 3
  }
  step "x" { command = "true" }
}
task "b" {
  hosts = "@web"
  rollout { max_parallel = 1 }
  step "x" { command = "true" }
}
task "c" {
  hosts = "@web"
  step "x" { command = "true" }
}
`)
	var got []string
	for _, one := range planOf(t, set, Options{Names: []string{"c", "b", "a"}}).Tasks {
		got = append(got, fmt.Sprint(one.Name, one.MaxFailures, one.MaxUnreachable, len(one.Batches)))
	}
	want := []string{"a1 3 1", "b0 0 39", "c-1 -1 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const site = `
group "web" { hosts = ["web[1-4]"] }
group "db" { hosts = ["db1"] }
task "deploy" {
  hosts      = "@web"
  depends_on = [task.migrate, task.build]
  tags       = ["app"]
  step "drain" {
    command = "true"
    tags    = ["lb"]
  }
  step "now" { flush = true }
  step "unpack" {
    command = "true"
    notify  = ["restart"]
  }
  handler "restart" { command = "true" }
  always {
    step "undrain" {
      command = "true"
      tags    = ["lb"]
    }
  }
}
task "migrate" {
  hosts      = "@db"
  depends_on = [task.build]
  step "backup" {
    command = "true"
    tags    = ["slow"]
  }
  step "migrate" { command = "true" }
}
task "build" {
  hosts = "db1"
  step "make" { command = "make" }
  step "drain" { command = "true" }
}
task "check" {
  hosts = "*"
  step "ping" { command = "true" }
}
`

func TestTasksComeAfterThoseTheyDependOn(t *testing.T) {
	set := loadSet(t, site)
	for _, c := range []struct{ names, want string }{
		{"deploy", "build migrate(build) deploy(migrate,build)"},
		{"check migrate", "build migrate(build) check()"},
		{"build build", "build()"},
	} {
		var got []string
		for _, one := range planOf(t, set, Options{Names: strings.Fields(c.names)}).Tasks {
			var after []string
			for _, before := range one.After {
				after = append(after, before.Name)
			}
			got = append(got, fmt.Sprintf("%s(%s)", one.Name, strings.Join(after, ",")))
		}
		if text := strings.Join(got, " "); strings.ReplaceAll(text, "build()", "build") != strings.ReplaceAll(c.want, "build()", "build") {
			t.Errorf("%s: %s, not %s", c.names, text, c.want)
		}
	}
}

func TestTheOnlyTaskAtTheEndNeedsNoName(t *testing.T) {
	set := loadSet(t, strings.Split(site, `task "check"`)[0])
	if p := planOf(t, set, Options{}); len(p.Tasks) != 3 {
		t.Errorf("%d tasks are planned", len(p.Tasks))
	}
}

func TestOptionsThatMeanNothing(t *testing.T) {
	set := loadSet(t, site)
	nobody := func(string) ([]*inventory.Host, error) { return nil, nil }
	refused := func(string) ([]*inventory.Host, error) { return nil, fmt.Errorf("--limit: no") }
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "say which tasks to carry out; there are deploy, check"},
		{Options{Names: []string{"deplyo"}}, `no task "deplyo" in this project; did you mean "deploy"?`},
		{Options{Names: []string{"check"}, Only: []string{"lbb"}}, `--only: no step or task has the tag "lbb"; did you mean "lb"?`},
		{Options{Names: []string{"check"}, Skip: []string{"x"}}, `--skip: no step or task has the tag "x"`},
		{Options{Names: []string{"deploy"}, StartAt: "unpak"}, `--start-at: no step "unpak" in the tasks to carry out; did you mean "unpack"?`},
		{Options{Names: []string{"deploy"}, StartAt: "restart"}, `--start-at: no step "restart" in the tasks to carry out`},
		{Options{Names: []string{"deploy"}, StartAt: "drain"}, `--start-at: several tasks have a step "drain"; say which: build.drain, deploy.drain`},
		{Options{Names: []string{"check"}, StartAt: "deploy.drain"}, `--start-at: no step "deploy.drain" in the tasks to carry out`},
		{Options{Names: []string{"deploy"}, Narrow: nobody}, "no hosts are left of any task"},
		{Options{Names: []string{"check"}, Narrow: refused}, `hosts of the task "check": --limit: no`},
	} {
		p, found, err := set.Plan(c.o)
		if p != nil || found != nil || err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v, not %s", c.o, err, c.want)
		}
	}
	if _, _, err := loadSet(t, `group "web" { hosts = ["web1"] }`).Plan(Options{}); err == nil || !strings.Contains(err.Error(), "there are no tasks in this project; hint: ") {
		t.Errorf("without tasks: %v", err)
	}
}

func TestStepsThatAreLeftOut(t *testing.T) {
	set := loadSet(t, site)
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"nothing", Options{}, ""},
		{"a tag of steps", Options{Only: []string{"lb"}}, "migrate.backup migrate.migrate build.make build.drain deploy.unpack"},
		{"a tag of the task", Options{Only: []string{"app"}}, "migrate.backup migrate.migrate build.make build.drain"},
		{"what follows is skipped by its tag", Options{Skip: []string{"lb"}}, "deploy.drain deploy.undrain"},
		{"both", Options{Only: []string{"app", "slow"}, Skip: []string{"lb"}}, "migrate.migrate build.make build.drain deploy.drain deploy.undrain"},
		{"from a step on, the tasks before it are done", Options{StartAt: "now"}, "migrate.backup migrate.migrate build.make build.drain deploy.drain"},
		{"tasks that do not come before it stay", Options{StartAt: "migrate.migrate"}, "migrate.backup build.make build.drain"},
	} {
		c.o.Names = []string{"deploy"}
		p := planOf(t, set, c.o)
		got := map[string]bool{}
		for _, one := range p.Tasks {
			for s, why := range one.Skip {
				got[one.Name+"."+s.Name] = why != ""
			}
		}
		want := map[string]bool{}
		for _, name := range strings.Fields(c.want) {
			want[name] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestHostsMayBeNarrowed(t *testing.T) {
	set := loadSet(t, site)
	p := planOf(t, set, Options{Names: []string{"deploy"}, Narrow: func(pattern string) ([]*inventory.Host, error) {
		if pattern != "@web" {
			return nil, nil
		}
		h, _ := set.inv.Lookup("web2")
		return []*inventory.Host{h}, nil
	}})
	for _, one := range p.Tasks {
		if want := map[string]int{"deploy": 1}[one.Name]; len(one.Hosts) != want || len(one.Batches) != want {
			t.Errorf("%s has %d hosts in %d batches", one.Name, len(one.Hosts), len(one.Batches))
		}
	}
}

// Everything that can be said, in both forms of the language.
const (
	native = `
variable "attempts" { default = 3 }
group "web" { hosts = ["web[1-4]"] }
task "build" {
  hosts = ["web1", "web2"]
  step "make" { argv = ["make", "all"] }
}
task "deploy" {
  description = "Roll out."
  hosts       = "@web"
  depends_on  = [task.build]
  lock        = "deploy"
  strategy    = "linear"
  tags        = ["app"]
  rollout {
    canary           = 1
    batches          = [1, "12.5%"]
    max_failures     = "5%"
    max_unreachable  = 2
    stagger          = "5s"
    min_healthy_time = "1m"
    auto_revert      = true
    auto_promote     = false
  }
  precondition {
    condition     = host.index < 100
    error_message = "No."
  }
  step "unpack" {
    script        = "true"
    for_each      = ["a"]
    once          = true
    barrier       = true
    throttle      = 2
    notify        = "restart"
    ignore_errors = true
    idempotent    = true
    tags          = ["x", "y"]
    timeout       = "10m"
    idle_timeout  = "60s"
    changed       = self.stdout != each.value
    retry {
      attempts  = var.attempts
      delay     = "2s"
      backoff   = 1.5
      max_delay = "1m"
    }
    postcondition {
      condition     = self.status == 0
      error_message = "No."
    }
  }
  step "flushed" {
    flush = true
  }
  step "ready" {
    local  = true
    health = true
    wait {
      port  = 22
      host  = "db1"
      delay = "5s"
    }
    when = step.unpack.changed
  }
  handler "restart" { command = "true" }
  revert {
    step "back" { command = "true" }
  }
  always {
    step "end" { command = "true" }
  }
}
`
	twin = `{
  "variable": {"attempts": {"default": 3}},
  "group": {"web": {"hosts": ["web[1-4]"]}},
  "task": {
    "build": {"hosts": ["web1", "web2"], "step": {"make": {"argv": ["make", "all"]}}},
    "deploy": {
      "description": "Roll out.", "hosts": "@web", "depends_on": ["task.build"], "lock": "deploy", "strategy": "linear", "tags": ["app"],
      "rollout": {
        "canary": 1, "batches": [1, "12.5%"], "max_failures": "5%", "max_unreachable": 2,
        "stagger": "5s", "min_healthy_time": "1m", "auto_revert": true, "auto_promote": false
      },
      "precondition": {"condition": "${host.index < 100}", "error_message": "No."},
      "step": {
        "unpack": {
          "script": "true", "for_each": ["a"], "once": true, "barrier": true, "throttle": 2, "notify": "restart",
          "ignore_errors": true, "idempotent": true, "tags": ["x", "y"], "timeout": "10m", "idle_timeout": "60s",
          "changed": "${self.stdout != each.value}",
          "retry": {"attempts": "${var.attempts}", "delay": "2s", "backoff": 1.5, "max_delay": "1m"},
          "postcondition": {"condition": "${self.status == 0}", "error_message": "No."}
        },
        "flushed": {"flush": true},
        "ready": {"local": true, "health": true, "wait": {"port": 22, "host": "db1", "delay": "5s"}, "when": "${step.unpack.changed}"}
      },
      "handler": {"restart": {"command": "true"}},
      "revert": {"step": {"back": {"command": "true"}}},
      "always": [{"step": [{"end": {"command": "true"}}]}]
    }
  }
}`
)

func TestBothFormsOfTheLanguageMeanTheSame(t *testing.T) {
	want := &Task{
		Name: "deploy", Description: "Roll out.", DependsOn: []string{"build"}, Lock: "deploy", Linear: true, Tags: []string{"app"},
		Rollout: &Rollout{
			Canary: Size{N: 1}, Batches: []Size{{N: 1}, {Percent: 12.5}}, MaxFailures: Size{Percent: 5}, MaxUnreachable: Size{N: 2},
			Stagger: 5 * time.Second, MinHealthyTime: time.Minute, AutoRevert: true,
		},
		Steps: []*Step{
			{
				Name: "unpack", Once: true, Barrier: true, Throttle: 2, Notify: []string{"restart"}, IgnoreErrors: true, Idempotent: true,
				Tags: []string{"x", "y"}, Timeout: 10 * time.Minute, IdleTimeout: time.Minute, GuardTimeout: 10 * time.Minute,
				Retry:      Retry{Attempts: 3, Delay: 2 * time.Second, Backoff: 1.5, MaxDelay: time.Minute},
				Referenced: true, Kind: "script",
			},
			plain("flushed", "flush"), plain("ready", "wait"),
		},
		Handlers: []*Step{plain("restart", "command")},
		Revert:   []*Step{plain("back", "command")},
		Always:   []*Step{plain("end", "command")},
	}
	want.Steps[2].Local, want.Steps[2].Health = true, true
	for name, src := range map[string]string{"a.fleet.hcl": native, "a.fleet.json": twin} {
		set := loadFile(t, name, src)
		deploy := set.Tasks()[1]
		exported := cmp.FilterPath(func(p cmp.Path) bool {
			field, ok := p.Last().(cmp.StructField)
			return ok && (field.Name() == "Place" || strings.ToLower(field.Name()[:1]) == field.Name()[:1])
		}, cmp.Ignore())
		if diff := cmp.Diff(want, deploy, exported); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		late := deploy.Steps[0].late
		if len(late.postconditions) != 1 || len(deploy.preconditions) != 1 {
			t.Errorf("%s: %d and %d conditions", name, len(late.postconditions), len(deploy.preconditions))
		}
		for step, attrs := range map[*Step]string{deploy.Steps[0]: "changed for_each script", deploy.Steps[2]: "wait.host wait.port when"} {
			var got []string
			for attr := range step.late.attrs {
				got = append(got, attr)
			}
			slices.Sort(got)
			if strings.Join(got, " ") != attrs {
				t.Errorf("%s: %s keeps %v, not %s", name, step.Name, got, attrs)
			}
		}
		if w := deploy.Steps[2].late; w.waitDelay != 5*time.Second || w.waitTimeout != time.Minute {
			t.Errorf("%s: waits %v, every %v", name, w.waitTimeout, w.waitDelay)
		}
	}
}

// plain is a step that says nothing but what it does.
func plain(name, kind string) *Step {
	return &Step{Name: name, Kind: kind, GuardTimeout: 30 * time.Second, Retry: Retry{Attempts: 1, Backoff: 1}}
}

func fileExamples() string {
	out := "\n"
	for _, def := range fileDefs() {
		out += def.Example + "\n"
	}
	return out
}

func TestTheExamplesInTheReferenceAreSound(t *testing.T) {
	dir := t.TempDir()
	for name, src := range map[string]string{
		"unpack.sh":        "tar x\n",
		"dist/app-1.0.tgz": "a release\n",
		"app.conf.tmpl":    "${host.name}:${port}\n",
		"public/index":     "<p>\n",
		"a.fleet.hcl": `
variable "release" { default = "1.0" }
group "web" {
  hosts = ["web[1-4]"]
  vars  = { port = 8080 }
}
group "lb" { hosts = ["lb1"] }
` + taskDef().Example + `
task "more" {
  hosts = "@web"
` + stepDef().Example + "\n" + waitDef().Example + "\n" + handlerDef().Example + fileExamples() + `
  step "last" {
    command = "true"
    notify  = ["restart"]
  }
}`,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found := diagnose(t, dir); len(found) > 0 {
		t.Error(found[0])
	}
}

func TestWhatWasNotFetchedIsNotKnown(t *testing.T) {
	const summary = "Value not known"
	p := prepared(t, `
secret "token" { env = "TOKEN" }
group "web" { hosts = ["web1"] }
task "deploy" {
  hosts = "@web"
  step "secret" { command = "echo ${shellquote(secret.token)}" }
  step "facts" { command = "echo ${shellquote(host.facts.os)}" }
}
`)
	for _, s := range p.Tasks[0].Steps {
		_, err := p.NewHost(p.Tasks[0], 0, false).Bind(s)
		if err == nil || !strings.Contains(err.Error(), strings.ToLower(summary[:1])+summary[1:]) {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

func TestCheckingEndsWhereItCostsTooMuch(t *testing.T) {
	p := prepared(t, `
group "web" { hosts = ["web[1-9]"] }
task "deploy" {
  hosts = "@web"
  step "a" { command = "echo ${[for i in range(100) : "${host.name}${i}"][0]}" }
}
`)
	k := &checker{plan: p, found: map[mistake]*finding{}, left: 1000}
	checked := 0
	for checked < 9 && k.host(p.Tasks[0], checked) {
		checked++
	}
	if checked == 0 || checked == 9 || len(k.all) != 1 || k.all[0].Summary != "Evaluation too expensive" {
		t.Errorf("%d hosts were checked: %v", checked, k.all)
	}
}
