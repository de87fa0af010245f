package runner_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
	"fleet/inventory"
	"fleet/runner"
	"fleet/tasks"
)

func TestHostsWalkAllSteps(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-03]"
  step "one" { command = "one" }
  step "two" {
    when    = step.one.stdout != "go"
    command = "two"
  }
  step "three" {
    command = "three"
    notify  = ["second", "first"]
  }
  step "four" { command = "four" }
  handler "first" { command = "first" }
  handler "unused" { command = "unused" }
  handler "second" { command = "second" }
  always {
    step "end" { command = "end" }
  }
}`, map[string]act{"h02 one": prints("go")})
	for host, want := range map[string]string{"h01": "one two three four first second end", "h02": "one three four first second end"} {
		if got := p.stage.on(host); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
	equal(t, "outcomes", p.outcomes(t), []string{"h01 ok", "h02 ok", "h03 ok"})
	equal(t, "h02", p.story("h02"), []string{"one ok", "two skipped", "three ok", "four ok", "handlers.first ok", "handlers.second ok", "always.end ok"})
	if p.summary.ExitStatus() != 0 || p.summary.Counts[event.OK] != 3 {
		t.Errorf("got %+v", p.summary)
	}
	first, last := p.events[0], p.events[len(p.events)-1]
	if first.Type != event.RunStart || len(first.Hosts) != 3 || last.Type != event.RunEnd {
		t.Errorf("the run is told from %+v to %+v", first, last)
	}
}

func TestAFailedHostEndsItsStepsAndIsCleanedUp(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-02]"
  step "one" { command = "one" }
  step "two" { command = "two" }
  on_failure {
    step "report" {
      local   = true
      command = "report ${host.name}"
    }
  }
  always {
    step "end" {
      on      = "@lb"
      command = "end"
    }
    step "last" { command = "last" }
  }
}`, map[string]act{"h01 one": exits(3), "lb1 end": exits(1)})
	equal(t, "h01", p.story("h01"), []string{"one failed", "on_failure.report@local ok", "always.end@lb1 failed", "always.last ok"})
	equal(t, "outcomes", p.outcomes(t), []string{"h01 failed: step one: exit status 3", "h02 failed: step end on lb1: exit status 1"})
	if e := p.ends(t)["h01"]; e.Status != 3 {
		t.Errorf("status %d, want 3", e.Status)
	}
	if p.summary.ExitStatus() != 2 {
		t.Errorf("exit status %d, want 2", p.summary.ExitStatus())
	}
	equal(t, "reports", p.local.log, []string{"local report h01"})
}

func TestAnUnreachableHostIsCleanedUpElsewhere(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-02]"
  step "drain" {
    on      = "@lb"
    command = "drain ${host.name}"
  }
  step "one" { command = "one" }
  always {
    step "undrain" {
      on      = "@lb"
      command = "undrain ${host.name}"
    }
    step "own" { command = "own" }
  }
}`, map[string]act{"h01 one": unreachable})
	equal(t, "h01", p.story("h01"), []string{"drain@lb1 ok", "drain@lb2 ok", "one unreachable", "always.undrain@lb1 ok", "always.undrain@lb2 ok", "always.own skipped"})
	equal(t, "outcomes", p.outcomes(t), []string{"h01 unreachable: step one: connect: connection refused", "h02 ok"})
}

func TestAnUnreachableDelegateFailsTheStep(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h01"
  step "drain" {
    on      = "@lb"
    command = "drain"
  }
}`, map[string]act{"lb1 drain": unreachable})
	equal(t, "outcomes", p.outcomes(t), []string{"h01 failed: step drain on lb1: connect: connection refused"})
	if e := p.of(event.StepEnd); len(e) != 1 || e[0].Kind != "unreachable" {
		t.Errorf("got %+v, want one end of kind unreachable", e)
	}
}

func TestConditions(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-02]"
  precondition {
    condition     = host.name != "h01"
    error_message = "not this one"
  }
  step "one" { command = "one" }
  postcondition {
    condition     = step.one.stdout == "fine"
    error_message = "it is not fine"
  }
  on_failure {
    step "report" { command = "report" }
  }
  always {
    step "end" { command = "end" }
  }
}`, nil)
	ends := p.ends(t)
	for host, want := range map[string]string{"h01": "precondition: .*not this one", "h02": "postcondition: .*it is not fine"} {
		if e := ends[host]; e.Outcome != event.Failed || !regexp.MustCompile(want).MatchString(e.Error) {
			t.Errorf("%s: got %s: %s, want %s", host, e.Outcome, e.Error, want)
		}
	}
	if got := p.stage.on("h01"); got != "" {
		t.Errorf("%q was done on a host whose precondition does not hold", got)
	}
	if got := p.stage.on("h02"); got != "one report end" {
		t.Errorf("got %q", got)
	}
}

func TestTasksComeAfterThoseTheyDependOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := perform(t, `
task "build" {
  hosts = "lb1"
  step "build" { command = "build" }
}
task "check" {
  hosts = "lb2"
  step "check" { command = "check" }
}
task "deploy" {
  hosts      = "h01"
  depends_on = [task.build, task.check]
  step "deploy" { command = "deploy" }
}`, map[string]act{"build": lasts(3 * time.Second), "check": lasts(2 * time.Second), "deploy": lasts(time.Second)})
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("it took %s; build and check run side by side", took)
		}
		if p.stage.log[2] != "h01 deploy" {
			t.Errorf("got %q", p.stage.log)
		}
	})
}

func TestATaskAfterAFailedOneIsNotCarriedOut(t *testing.T) {
	p := perform(t, `
task "build" {
  hosts = "h[01-02]"
  step "build" { command = "build" }
}
task "deploy" {
  hosts      = "h[02-03]"
  depends_on = [task.build]
  step "deploy" { command = "deploy" }
}`, map[string]act{"h01 build": exits(1)})
	equal(t, "outcomes", p.outcomes(t), []string{"h01 failed: step build: exit status 1", "h02 not_attempted", "h03 not_attempted"})
	ends := p.of(event.TaskEnd)
	if len(ends) != 2 || ends[0].Outcome != event.Failed || ends[1].Outcome != event.NotAttempted || !strings.Contains(ends[1].Reason, "build") {
		t.Errorf("got %+v", ends)
	}
}

func TestAHostThatFailedWithinTheBudgetIsLeftOutOfLaterTasks(t *testing.T) {
	p := perform(t, `
task "one" {
  hosts = "h[01-03]"
  rollout { max_failures = 1 }
  step "one" { command = "one" }
}
task "two" {
  hosts      = "h[01-03]"
  depends_on = [task.one]
  step "two" { command = "two" }
}`, map[string]act{"h02 one": exits(1)})
	equal(t, "two", sorted(p.stage.ran("two")), []string{"h01", "h03"})
	equal(t, "outcomes", p.outcomes(t), []string{"h01 ok", "h02 failed: step one: exit status 1", "h03 ok"})
	if p.summary.ExitStatus() != 2 {
		t.Errorf("exit status %d, want 2", p.summary.ExitStatus())
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func TestTheDeadlineEndsTheTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &play{acts: map[string]act{"one": lasts(time.Hour)}, Tasks: runner.Tasks{Deadline: time.Minute}}
		p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h01"
  step "one" { command = "one" }
  always {
    step "end" { command = "end" }
  }
}`))
		if p.summary.ExitStatus() != 124 || p.stage.on("h01") != "one end" {
			t.Errorf("exit status %d after %q", p.summary.ExitStatus(), p.stage.on("h01"))
		}
		equal(t, "outcomes", p.outcomes(t), []string{"h01 stopped: step one: the deadline of the run passed"})
	})
}

func TestATaskOfWhichEveryStepIsLeftOutIsLeftOut(t *testing.T) {
	p := new(play)
	p.run(t.Context(), planOf(t, `
task "one" {
  hosts = "h[01-02]"
  lock  = "one"
  step "one" { command = "one" }
  always {
    step "end" { command = "end" }
  }
}
task "two" {
  hosts      = "h02"
  depends_on = [task.one]
  step "two" { command = "two" }
  step "three" { command = "three" }
}`, tasks.Options{StartAt: "three"}))
	equal(t, "log", p.stage.log, []string{"h02 three"})
	equal(t, "outcomes", p.outcomes(t), []string{"h02 ok"})
	equal(t, "story", p.story("h02"), []string{"two skipped", "three ok"})
	if e := p.of(event.TaskEnd)[0]; e.Outcome != event.Skipped || !strings.Contains(e.Reason, "--start-at") {
		t.Errorf("got %+v", e)
	}
}

// With --failed, a task may be left without any host.
func TestATaskWithoutHostsIsLeftOut(t *testing.T) {
	o := tasks.Options{Narrow: func(pattern string) ([]*inventory.Host, error) {
		if pattern == "h01" {
			return nil, nil
		}
		return []*inventory.Host{{Name: "h02"}}, nil
	}}
	p := new(play)
	p.run(t.Context(), planOf(t, `
task "a" {
  hosts = "h01"
  lock  = "a"
  step "one" { command = "one" }
}
task "b" {
  hosts      = "h02"
  depends_on = [task.a]
  step "two" { command = "two" }
}`, o))
	if end := p.of(event.TaskEnd)[0]; end.Task != "a" || end.Outcome != event.Skipped || end.Reason != "no hosts" {
		t.Errorf("got %+v", end)
	}
	if starts := p.of(event.TaskStart); len(starts) != 1 {
		t.Errorf("got %+v", starts)
	}
	equal(t, "log", p.stage.log, []string{"h02 two"})
}
