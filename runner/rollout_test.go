package runner_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
	"fleet/runner"
)

// batches are the batch_end events, as "1 ok".
func (p *play) batches() []string {
	var list []string
	for _, e := range p.of(event.BatchEnd) {
		list = append(list, fmt.Sprintf("%d %s", e.Batch, e.Outcome))
	}
	return list
}

// notes are what people are told besides.
func (p *play) notes() []string {
	var list []string
	for _, e := range p.of(event.Note) {
		list = append(list, e.Message)
	}
	return list
}

func TestAFailedCanaryLeavesTheOthersAlone(t *testing.T) {
	for name, do := range map[string]act{"failed": exits(1), "unreachable": unreachable} {
		t.Run(name, func(t *testing.T) {
			p := perform(t, `
task "t" {
  hosts = "h[01-06]"
  rollout {
    canary          = 1
    max_parallel    = 2
    max_failures    = 3
    max_unreachable = 3
  }
  step "one" { command = "one" }
}`, map[string]act{"h01 one": do})
			equal(t, "hosts", p.stage.ran("one"), []string{"h01"})
			equal(t, "batches", p.batches(), []string{"1 failed"})
			if p.summary.ExitStatus() != 3 || p.summary.Counts[event.NotAttempted] != 5 {
				t.Errorf("exit status %d, %+v", p.summary.ExitStatus(), p.summary)
			}
			if starts := p.of(event.BatchStart); len(starts) != 1 || !starts[0].Canary {
				t.Errorf("got %+v", starts)
			}
		})
	}
}

func TestTheBudgetIsOneForAllBatches(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-08]"
  rollout {
    max_parallel = 2
    max_failures = 1
  }
  step "one" { command = "one" }
}`, map[string]act{"h01 one": exits(1), "h05 one": exits(1)})
	equal(t, "batches", p.batches(), []string{"1 ok", "2 ok", "3 failed"})
	if len(p.stage.log) != 6 || p.summary.ExitStatus() != 3 {
		t.Errorf("%d hosts had their turn, exit status %d", len(p.stage.log), p.summary.ExitStatus())
	}
	if e := p.of(event.TaskEnd)[0]; e.Outcome != event.Failed || e.Reason != "2 hosts failed, and max_failures is 1" {
		t.Errorf("got %+v", e)
	}
}

func TestUnreachableHostsAreCountedApart(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-04]"
  rollout {
    max_parallel    = 1
    max_unreachable = 1
  }
  step "one" { command = "one" }
}`, map[string]act{"h01 one": unreachable, "h03 one": exits(1)})
	equal(t, "batches", p.batches(), []string{"1 ok", "2 ok", "3 failed"})
	if n := p.summary.Counts[event.NotAttempted]; n != 1 {
		t.Errorf("%d hosts were not attempted, want 1", n)
	}
}

func TestInAFailedBatchNoFurtherHostBegins(t *testing.T) {
	p := &play{acts: map[string]act{"h02 one": exits(1)}, Tasks: runner.Tasks{Fanout: 1}}
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-04]"
  rollout { max_failures = 0 }
  step "one" { command = "one" }
}`))
	equal(t, "hosts", p.stage.ran("one"), []string{"h01", "h02"})
}

func TestAFailedBatchIsReverted(t *testing.T) {
	const source = `
task "t" {
  hosts = "h[01-06]"
  rollout {
    max_parallel = 2
    max_failures = 1
    auto_revert  = true
  }
  step "look" {
    command = "look"
    changed = false
  }
  step "one" { command = "one" }
  step "two" { command = "two" }
  revert {
    step "back" { command = "back" }
  }
  on_failure {
    step "report" { command = "report" }
  }
  always {
    step "end" { command = "end" }
  }
}`
	p := perform(t, source, map[string]act{"h01 one": exits(1), "h04 two": exits(1)})
	for host, want := range map[string]string{
		"h01": "look one report end", // within the budget
		"h02": "look one two end",
		"h03": "look one two back end",
		"h04": "look one two back report end",
		"h05": "",
	} {
		if got := p.stage.on(host); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
	equal(t, "outcomes", p.outcomes(t), []string{
		"h01 failed: step one: exit status 1", "h02 ok", "h03 failed: reverted, because the batch failed",
		"h04 failed: step two: exit status 1", "h05 not_attempted", "h06 not_attempted",
	})
}

func TestAHostOnWhichNothingWasDoneIsNotReverted(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-02]"
  rollout { auto_revert = true }
  step "one" { command = "one" }
  revert {
    step "back" { command = "back ${host.name}" }
    step "local" {
      local   = true
      command = "local ${host.name}"
    }
  }
}`, map[string]act{"h01 one": unreachable})
	equal(t, "here", p.local.log, []string{"local local h02"})
	if got := p.stage.on("h01"); got != "one" {
		t.Errorf("got %q", got)
	}
}

func TestTimeBetweenBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := &play{acts: map[string]act{"one": lasts(time.Second)}, Tasks: runner.Tasks{Fanout: 1}}
		p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-04]"
  rollout {
    max_parallel     = 2
    stagger          = "10s"
    min_healthy_time = "1m"
  }
  step "one" { command = "one" }
  step "well" {
    command = "well"
    health  = true
  }
}`))
		// Two hosts one after another, which then wait side by side.
		if took := time.Since(began); took != 2*62*time.Second+10*time.Second {
			t.Errorf("it took %s", took)
		}
		if got := p.stage.on("h03"); got != "one well well" {
			t.Errorf("got %q", got)
		}
		equal(t, "steps", p.story("h03"), []string{"one ok", "well ok", "health.well ok"})
		equal(t, "notes", p.notes(), []string{
			"t: waits 1m before batch 1 counts as healthy", "t: waits 10s before batch 2", "t: waits 1m before batch 2 counts as healthy",
		})
	})
}

func TestAHostThatDoesNotStayHealthyFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := perform(t, `
task "t" {
  hosts = "h[01-02]"
  rollout {
    max_parallel     = 1
    min_healthy_time = "1m"
    auto_revert      = true
  }
  step "well" {
    command = "well"
    health  = true
  }
  revert {
    step "back" { command = "back" }
  }
}`, map[string]act{"well": inTurn(exits(0), exits(1))})
		if got := p.stage.on("h01"); got != "well well back" || p.stage.on("h02") != "" {
			t.Errorf("got %q, and %q on the next host", got, p.stage.on("h02"))
		}
	})
}

func TestTheCanaryIsPromotedByTheUser(t *testing.T) {
	for _, tt := range []struct {
		answer runner.Answer
		hosts  int
		status int
	}{{runner.Yes, 3, 0}, {runner.No, 1, 3}} {
		var asked []runner.Question
		p := &play{Tasks: runner.Tasks{Ask: func(_ context.Context, q runner.Question) (runner.Answer, error) {
			asked = append(asked, q)
			return tt.answer, nil
		}}}
		p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-03]"
  rollout {
    canary       = 1
    auto_promote = false
  }
  step "one" { command = "one" }
}`))
		if n := len(p.stage.log); n != tt.hosts || p.summary.ExitStatus() != tt.status {
			t.Errorf("%d hosts had their turn with exit status %d, want %d with %d", n, p.summary.ExitStatus(), tt.hosts, tt.status)
		}
		if len(asked) != 1 || asked[0].Kind != runner.AskPromote || strings.Join(asked[0].Hosts, " ") != "h02 h03" {
			t.Errorf("asked %+v", asked)
		}
	}
}

func TestAReasonIsWithoutItsHint(t *testing.T) {
	p := &play{Tasks: runner.Tasks{Ask: func(context.Context, runner.Question) (runner.Answer, error) {
		return runner.No, errors.New("nobody is there; hint: --yes answers beforehand")
	}}}
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-02]"
  rollout {
    canary       = 1
    auto_promote = false
  }
  step "one" { command = "one" }
}`))
	if e := p.of(event.TaskEnd)[0]; e.Reason != "the canary was not promoted: nobody is there" || e.Hint != "--yes answers beforehand" {
		t.Errorf("got %q with the hint %q", e.Reason, e.Hint)
	}
}

func TestStepByStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		p := &play{Tasks: runner.Tasks{Fanout: 1, StepByStep: true, Ask: func(_ context.Context, q runner.Question) (runner.Answer, error) {
			<-time.After(time.Second)
			asked = append(asked, q.Step+" "+strings.Join(q.Hosts, ","))
			return map[string]runner.Answer{"one": runner.Yes, "two": runner.Skip, "three": runner.No}[q.Step], nil
		}}}
		p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-03]"
  step "one" { command = "one" }
  step "two" { command = "two" }
  step "three" { command = "three" }
  always {
    step "end" { command = "end" }
  }
}`))
		equal(t, "questions", asked, []string{"one h01,h02,h03", "two h01,h02,h03", "three h01,h02,h03"})
		for host, want := range map[string]string{"h01": "one end", "h02": "one end", "h03": "one end"} {
			if got := p.stage.on(host); got != want {
				t.Errorf("%s: got %q, want %q", host, got, want)
			}
		}
		if p.summary.ExitStatus() != 3 {
			t.Errorf("exit status %d, want 3: %v", p.summary.ExitStatus(), p.outcomes(t))
		}
	})
}
