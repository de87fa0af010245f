package tasks

import (
	"fmt"
	"strings"
	"testing"
)

// realistic is a project with many steps on many hosts: half of the steps are
// the same for all hosts, the others are made for each.
func realistic(hosts, steps int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
variable "release" { default = "1.2" }
group "lb" { hosts = ["lb[1-2]"] }
group "web" {
  hosts = ["web[1-%d]"]
  vars  = { port = 8000 + host.index }
}
task "deploy" {
  hosts = "@web"
  step "version" {
    command = "cat VERSION"
    changed = false
  }
`, hosts)
	for n := 0; n < steps; n += 4 {
		fmt.Fprintf(&b, `
  step "unpack%[1]d" {
    env     = { RELEASE = var.release }
    command = "./unpack.sh"
    creates = "/opt/app/releases/${var.release}"
  }
  step "drain%[1]d" {
    on      = "@lb"
    env     = { BACKEND = host.name }
    command = "haproxyctl disable server app/$BACKEND"
  }
  step "health%[1]d" { command = "curl -fsS localhost:${host.vars.port}/health" }
  step "say%[1]d" {
    when    = step.version.stdout != var.release
    command = "echo ${shellquote(host.name)}"
    changed = false
  }
`, n)
	}
	return b.String() + "}\n"
}

func BenchmarkBind(b *testing.B) {
	p := prepared(b, realistic(1000, 20))
	b.ReportAllocs()
	for b.Loop() {
		bindAll(b, p)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000/21, "ns/step")
}

// bindAll walks all hosts through all steps.
func bindAll(tb testing.TB, p *Plan) {
	t := p.Tasks[0]
	for i := range t.Hosts {
		h := p.NewHost(t, i, false)
		for _, s := range t.Steps {
			bound, err := h.Bind(s)
			if err != nil {
				tb.Fatal(err)
			}
			r := Result{Stdout: "1.1\n"}
			for _, c := range bound.Calls {
				if err := h.Judge(s, c, &r); err != nil {
					tb.Fatal(err)
				}
			}
			h.Record(s, &r)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	set, _ := loaded(b, realistic(1000, 20))
	b.ReportAllocs()
	for b.Loop() {
		if _, found, err := set.Plan(Options{}); err != nil || len(found) > 0 {
			b.Fatal(err, found)
		}
	}
}

// The walk of a host needs no more than what differs between hosts.
func TestWhatIsTheSameForAllHostsIsMadeOnce(t *testing.T) {
	p := prepared(t, realistic(3, 4))
	task := p.Tasks[0]
	first, second := p.NewHost(task, 0, false), p.NewHost(task, 1, false)
	for name, shared := range map[string]bool{"version": true, "unpack0": true, "drain0": false, "health0": false} {
		s := p.step(t, name)
		a, err := first.Bind(s)
		if err != nil {
			t.Fatal(err)
		}
		b, err := second.Bind(s)
		if err != nil {
			t.Fatal(err)
		}
		if (a == b) != shared {
			t.Errorf("%s is shared: %v", name, a == b)
		}
	}
}

// BenchmarkManyTasks is what fleet validate does with 8,000 tasks, each of which
// depends on ten others.
func BenchmarkManyTasks(b *testing.B) {
	var src strings.Builder
	src.WriteString("group \"web\" { hosts = [\"web[1-2]\"] }\n")
	const tasks = 8000
	for n := range tasks { // those that a task depends on come after it
		fmt.Fprintf(&src, "task \"t%d\" {\n  hosts = \"@web\"\n  depends_on = [", n)
		for to := n + 1; to <= min(n+10, tasks-1); to++ {
			fmt.Fprintf(&src, "task.t%d, ", to)
		}
		src.WriteString("]\n  step \"one\" { command = \"true\" }\n}\n")
	}
	set, inv := loaded(b, src.String())
	names := set.names()
	b.ResetTimer()
	for b.Loop() {
		set, _ := Load(inv)
		if _, found, err := set.Plan(Options{Names: names, Unvalued: true}); err != nil || found.HasErrors() {
			b.Fatal(err, found.Err())
		}
	}
}
