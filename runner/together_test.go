package runner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
	"fleet/runner"
)

// fanouts runs f with few places, in a bubble of time.
func fanouts(t *testing.T, f func(t *testing.T, fanout int)) {
	for _, n := range []int{1, 2, 3, 64} {
		t.Run(fmt.Sprintf("fanout %d", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, n) })
		})
	}
}

func TestABarrierWaitsForAllHostsOfTheBatch(t *testing.T) {
	fanouts(t, func(t *testing.T, fanout int) {
		p := &play{acts: map[string]act{"one": lasts(time.Second), "h03 one": lasts(9 * time.Second), "h04 one": exits(1)}, Tasks: runner.Tasks{Fanout: fanout}}
		p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-10]"
  step "one" { command = "one" }
  step "two" {
    command = "two"
    barrier = true
  }
}`))
		for _, e := range p.of(event.StepEnd) {
			if e.Once != (e.Step == "migrate") {
				t.Errorf("once is %t: %+v", e.Once, e)
			}
		}
		if n := p.summary.Counts[event.OK]; n != 9 {
			t.Errorf("%d hosts are well, want 9", n)
		}
		first := slices.IndexFunc(p.stage.log, func(l string) bool { return strings.HasSuffix(l, " two") })
		if first != 10 {
			t.Errorf("the first host passed the barrier after %d of 10 hosts had begun step one", first)
		}
		if p.stage.most > fanout {
			t.Errorf("%d hosts were at work, want at most %d", p.stage.most, fanout)
		}
	})
}

func TestTheLinearStrategyKeepsHostsTogether(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts    = "h[01-05]"
  strategy = "linear"
  step "one" { command = "1" }
  step "two" { command = "2" }
  step "three" { command = "3" }
}`, nil)
	var order []string
	for _, l := range p.stage.log {
		order = append(order, l[len(l)-1:])
	}
	if !slices.IsSorted(order) || len(order) != 15 {
		t.Errorf("got %q", order)
	}
}

func TestOnceIsOnceForTheTask(t *testing.T) {
	fanouts(t, func(t *testing.T, fanout int) {
		p := &play{acts: map[string]act{"migrate": inTurn(exits(1), prints("done"))}, Tasks: runner.Tasks{Fanout: fanout}}
		p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-09]"
  rollout { max_parallel = 4 }
  step "migrate" {
    once    = true
    command = "migrate"
    notify  = ["restart"]
    retry {
      attempts = 2
      delay    = "5s"
    }
  }
  step "two" { command = "two ${step.migrate.stdout}" }
  handler "restart" { command = "restart" }
}`))
		if n := len(p.stage.ran("migrate")); n != 2 {
			t.Errorf("it was sent %d times, want 2", n)
		}
		if n, m := len(p.stage.ran("two done")), len(p.stage.ran("restart")); n != 9 || m != 9 {
			t.Errorf("%d hosts know the result, and %d were notified, want 9", n, m)
		}
		if n := p.summary.Counts[event.OK]; n != 9 {
			t.Errorf("%v", p.outcomes(t))
		}
	})
}

func TestOnceIsLeftToTheNextHostWhereOneIsUnreachable(t *testing.T) {
	p := &play{acts: map[string]act{"h01 one": unreachable, "h02 one": unreachable}, Tasks: runner.Tasks{Fanout: 1}}
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-04]"
  step "one" {
    once    = true
    command = "one"
  }
}`))
	equal(t, "tried", p.stage.ran("one"), []string{"h01", "h02", "h03"})
	equal(t, "outcomes", p.outcomes(t), []string{
		"h01 unreachable: step one: connect: connection refused", "h02 unreachable: step one: connect: connection refused", "h03 ok", "h04 ok",
	})
}

func TestOnceThatFailsFailsForAll(t *testing.T) {
	p := &play{acts: map[string]act{"one": exits(4)}, Tasks: runner.Tasks{Fanout: 1}}
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-03]"
  step "one" {
    once    = true
    command = "one"
  }
  step "two" { command = "two" }
}`))
	equal(t, "outcomes", p.outcomes(t), []string{
		"h01 failed: step one: exit status 4",
		"h02 failed: step one: exit status 4 (carried out once, on h01)",
		"h03 failed: step one: exit status 4 (carried out once, on h01)",
	})
	equal(t, "log", p.stage.log, []string{"h01 one"})
}

func TestOnceInAlwaysIsLast(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-04]"
  rollout {
    max_parallel = 2
    max_failures = 4
  }
  step "one" { command = "one" }
  always {
    step "all" {
      once    = true
      command = "all"
    }
    step "each" { command = "each" }
  }
}`, map[string]act{"h01 one": exits(1), "h02 all": unreachable})
	log := p.stage.log
	equal(t, "last", log[len(log)-2:], []string{"h02 all", "h03 all"})
	equal(t, "outcomes", p.outcomes(t), []string{
		"h01 failed: step one: exit status 1", "h02 unreachable: step all: connect: connection refused", "h03 ok", "h04 ok",
	})
}

func TestOnceInAlwaysIsLeftToTheNextHostWhereOneIsGone(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-03]"
  step "one" { command = "one" }
  always {
    step "each" { command = "each" }
    step "all" {
      once    = true
      command = "all"
    }
  }
}`, map[string]act{"h01 one": unreachable, "h01 each": unreachable, "one": exits(1)})
	equal(t, "tried", p.stage.ran("all"), []string{"h02"})
}

func TestThrottle(t *testing.T) {
	fanouts(t, func(t *testing.T, fanout int) {
		began := time.Now()
		p := &play{acts: map[string]act{"one": inTurn(exits(1), lasts(2*time.Second))}, Tasks: runner.Tasks{Fanout: fanout}}
		p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-06]"
  step "one" {
    command  = "one"
    throttle = 2
    retry {
      attempts = 2
      delay    = "3s"
    }
  }
}`))
		if n := p.summary.Counts[event.OK]; n != 6 || p.stage.most > min(fanout, 2) {
			t.Errorf("%d hosts are well, %d were at it at one time", n, p.stage.most)
		}
		want := map[int]time.Duration{1: 15 * time.Second}[fanout]
		if took := time.Since(began); want > 0 && took > want {
			t.Errorf("it took %s, want %s", took, want)
		}
	})
}

func TestManyWaysToATaskTakeNoTime(t *testing.T) {
	var source strings.Builder
	for n := range 40 { // 2^39 ways from the first task to the last one
		fmt.Fprintf(&source, "task \"t%d\" {\n  hosts = \"h[01-02]\"\n  step \"one\" { command = \"one %[1]d\" }\n", n)
		switch n {
		case 0:
		case 1:
			fmt.Fprintf(&source, "  depends_on = [task.t0]\n")
		default:
			fmt.Fprintf(&source, "  depends_on = [task.t%d, task.t%d]\n", n-1, n-2)
		}
		source.WriteString("}\n")
	}
	p := &play{acts: map[string]act{"h02 one 0": exits(1)}}
	p.run(t.Context(), plan(t, source.String()))
	if n := len(p.stage.log); n != 2 {
		t.Errorf("%d steps were sent", n)
	}
}
