package runner_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
	"fleet/runner"
	"fleet/transport"
)

// interrupted runs source and stops it after a time.
func interrupted(t *testing.T, p *play, after time.Duration, source string) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	timer := time.AfterFunc(after, func() { cancel(&runner.Stop{Why: event.Interrupted}) })
	defer timer.Stop()
	p.run(ctx, plan(t, source))
}

func TestAfterAnInterruptHostsAtWorkAreCleanedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &play{acts: map[string]act{"one": lasts(2 * time.Second), "end": lasts(5 * time.Second)}}
		interrupted(t, p, 3*time.Second, `
task "t" {
  hosts = "h[01-06]"
  rollout { max_parallel = 2 }
  step "one" { command = "one" }
  on_failure {
    step "report" { command = "report" }
  }
  always {
    step "end" { command = "end" }
    step "once" {
      once    = true
      command = "once"
    }
  }
}`)
		for host, want := range map[string]string{"h01": "one end once", "h02": "one end", "h03": "", "h05": ""} {
			if got := p.stage.on(host); got != want {
				t.Errorf("%s: got %q, want %q", host, got, want)
			}
		}
		if p.summary.ExitStatus() != 130 || p.summary.Counts[event.NotAttempted] != 4 || p.summary.Counts[event.OK] != 2 {
			t.Errorf("got %+v", p.summary)
		}
		if e := p.of(event.TaskEnd)[0]; e.Outcome != event.Stopped || e.Reason != "interrupted" {
			t.Errorf("got %+v", e)
		}
	})
}

func TestAnInterruptStopsAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &play{acts: map[string]act{"one": lasts(time.Hour), "end": lasts(time.Second)}, Tasks: runner.Tasks{Fanout: 2}}
		interrupted(t, p, time.Second, `
task "t" {
  hosts = "h[01-04]"
  step "one" { command = "one" }
  step "two" { command = "two" }
  always {
    step "end" { command = "end" }
  }
}`)
		equal(t, "outcomes", p.outcomes(t), []string{"h01 stopped: step one: interrupted", "h02 stopped: step one: interrupted", "h03 not_attempted", "h04 not_attempted"})
		equal(t, "ends", sorted(p.stage.ran("end")), []string{"h01", "h02"})
		notes := p.of(event.Note)
		if len(notes) != 1 || !strings.Contains(notes[0].Message, "always") {
			t.Errorf("got %+v", notes)
		}
	})
}

func TestAnInterruptEndsEveryWait(t *testing.T) {
	for _, tt := range []struct{ name, first, step, rollout string }{
		{"barrier", "", "barrier = true", ""},
		{"once", "", "once = true", ""},
		{"throttle", "", "throttle = 1", ""},
		{"retry", "exit", "retry {\n attempts = 9\n delay = \"1h\"\n}", ""},
		{"stagger", "", "", "max_parallel = 1\nstagger = \"1h\""},
		{"healthy", "", "", "min_healthy_time = \"1h\""},
		{"verdict", "", "", "auto_revert = true"},
	} {
		fanouts(t, func(t *testing.T, fanout int) {
			began := time.Now()
			p := &play{acts: map[string]act{"h02 zero": lasts(time.Hour), "one": exits(0), "h01 one": lasts(20 * time.Second)}, Tasks: runner.Tasks{Fanout: fanout}}
			if tt.first == "exit" {
				p.acts["one"], p.acts["h01 one"] = exits(1), exits(1)
			}
			rollout := ""
			if tt.rollout != "" {
				rollout = "rollout {\n" + tt.rollout + "\n}"
			}
			interrupted(t, p, 10*time.Second, fmt.Sprintf(`
task "t" {
  hosts = "h[01-03]"
  %s
  step "zero" { command = "zero" }
  step "one" {
    command = "one"
    %s
  }
  revert {
    step "back" { command = "back" }
  }
}`, rollout, tt.step))
			if took := time.Since(began); took != 10*time.Second {
				t.Errorf("%s: it took %s", tt.name, took)
			}
			if n := len(p.ends(t)); n != 3 || p.summary.ExitStatus() != 130 || len(p.stage.ran("back")) > 0 {
				t.Errorf("%s: %d hosts ended, exit status %d, %q", tt.name, n, p.summary.ExitStatus(), p.stage.log)
			}
		})
	}
}

func TestCleaningUpIsBounded(t *testing.T) {
	const source = `
task "t" {
  hosts = "h01"
  step "one" { command = "one" }
  always {
    step "end" { command = "end" }
  }
}`
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := &play{acts: map[string]act{"one": lasts(time.Hour), "end": lasts(time.Hour)}}
		interrupted(t, p, 10*time.Second, source)
		if took := time.Since(began); took != 70*time.Second {
			t.Errorf("it took %s, want 70s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		cleanup := runner.NewCleanup()
		left := make(chan []string, 1)
		time.AfterFunc(12*time.Second, func() { left <- cleanup.GiveUp() })
		p := &play{acts: map[string]act{"one": lasts(time.Hour), "end": lasts(time.Hour)}, Tasks: runner.Tasks{Cleanup: cleanup}}
		interrupted(t, p, 10*time.Second, source)
		equal(t, "hosts without always", <-left, []string{"h01"})
		if took := time.Since(began); took != 12*time.Second {
			t.Errorf("it took %s, want 12s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) { // always steps that run already are not stopped at once
		p := &play{acts: map[string]act{"end": lasts(30 * time.Second)}}
		interrupted(t, p, 10*time.Second, source)
		equal(t, "outcomes", p.outcomes(t), []string{"h01 ok"})
	})
}

// holds is a lock script that holds the lock until it is given up, or lost.
func holds(lost <-chan struct{}) act {
	return func(_ context.Context, c *transport.Command) (transport.Status, error) {
		c.Started()
		fmt.Fprintln(c.Stdout, "held")
		input := bufio.NewReader(c.Stdin)
		for {
			if _, err := input.ReadByte(); err != nil {
				return transport.Status{}, nil
			}
			select {
			case <-lost:
				fmt.Fprintln(c.Stdout, "lost it")
				return transport.Status{}, nil
			default:
			}
		}
	}
}

const locked = `
task "t" {
  hosts = "h[01-03]"
  lock  = "deploy"
  rollout {
    max_parallel    = 1
    max_unreachable = 1
  }
  step "one" { command = "one" }
  always {
    step "end" { command = "end" }
  }
}
task "after" {
  hosts      = "h01"
  depends_on = [task.t]
  step "three" { command = "three" }
}`

func TestALockIsHeldForTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := perform(t, locked, map[string]act{"LOCK": holds(nil), "h02 LOCK": unreachable})
		equal(t, "one", p.stage.ran("one"), []string{"h01", "h03"})
		equal(t, "outcomes", p.outcomes(t), []string{"h01 ok", "h02 unreachable: connect: connection refused", "h03 ok"})
	})
}

func TestTasksWithTheSameLockComeOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := perform(t, `
task "a" {
  hosts = "h[01-02]"
  lock  = "x"
  step "one" { command = "one" }
}
task "b" {
  hosts = "h[02-03]"
  lock  = "x"
  step "two" { command = "two" }
}`, map[string]act{"LOCK": holds(nil), "one": lasts(time.Second), "two": lasts(time.Second)})
		if took := time.Since(began); took != 2*time.Second || p.summary.ExitStatus() != 0 {
			t.Errorf("it took %s, %v", took, p.outcomes(t))
		}
		if notes := p.notes(); len(notes) != 1 || !strings.HasSuffix(notes[0], `: waits for the lock "x", which another task of this run has`) {
			t.Errorf("got %q", notes)
		}
	})
}

func TestALockOfSomebodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := func(_ context.Context, c *transport.Command) (transport.Status, error) {
			fmt.Fprintln(c.Stdout, "busy 1795000000 ann@laptop")
			return transport.Status{}, nil
		}
		p := perform(t, locked, map[string]act{"LOCK": holds(nil), "h02 LOCK": busy})
		if n := p.summary.Counts[event.NotAttempted]; n != 3 || p.summary.ExitStatus() != 3 {
			t.Errorf("%d hosts were not attempted, exit status %d", n, p.summary.ExitStatus())
		}
		if ends := p.of(event.TaskEnd); len(ends) != 2 || !strings.Contains(ends[0].Reason, "ann@laptop") {
			t.Errorf("got %+v", ends)
		}
		if starts := p.of(event.TaskStart); len(starts) != 0 {
			t.Errorf("what is not carried out has begun: %+v", starts)
		}
	})
}

func TestALockThatTakesLongIsToldOf(t *testing.T) {
	for after, notes := range map[time.Duration]int{4 * time.Second: 0, 9 * time.Second: 1} {
		synctest.Test(t, func(t *testing.T) {
			slow := func(ctx context.Context, c *transport.Command) (transport.Status, error) {
				time.Sleep(after)
				return holds(nil)(ctx, c)
			}
			p := perform(t, locked, map[string]act{"LOCK": holds(nil), "h02 LOCK": slow})
			if got := p.of(event.Note); len(got) != notes || notes > 0 && got[0].Message != `t: waits until the lock "deploy" is taken on 3 hosts` {
				t.Errorf("after %s: %+v", after, got)
			}
		})
	}
}

func TestALostLockStopsTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := make(chan struct{})
		time.AfterFunc(time.Minute, func() { close(lost) })
		p := perform(t, locked, map[string]act{"LOCK": holds(nil), "h02 LOCK": holds(lost), "h01 one": lasts(time.Hour)})
		if p.stage.on("h01") != "LOCK one end" || p.summary.ExitStatus() != 3 {
			t.Errorf("exit status %d after %q", p.summary.ExitStatus(), p.stage.log)
		}
		if e := p.of(event.TaskEnd)[0]; !strings.Contains(e.Reason, "lost on h02") {
			t.Errorf("got %+v", e)
		}
	})
}

func TestAnInterruptWhileTheLockIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &play{acts: map[string]act{"LOCK": func(ctx context.Context, _ *transport.Command) (transport.Status, error) {
			<-ctx.Done()
			return transport.Status{}, &transport.Error{Op: "connect", Kind: transport.KindCanceled, Err: errors.New("canceled"), Stopped: true}
		}}}
		interrupted(t, p, time.Second, locked)
		if n := p.summary.Counts[event.NotAttempted]; n != 3 || p.summary.ExitStatus() != 130 {
			t.Errorf("%d hosts were not attempted, exit status %d", n, p.summary.ExitStatus())
		}
	})
}

func TestWhoGivesUpIsToldWhereAlwaysHasNotEnded(t *testing.T) {
	const two = `
task "t" {
  hosts = "h[01-04]"
  rollout { max_parallel = 2 }
  step "one" { command = "one" }
  always {
    step "end" {
      command = "end"
      %s
    }
  }
}`
	for _, tt := range []struct {
		name, end string
		want      []string // hosts, when h03 and h04 are in their first step
	}{
		{"those of batches that have ended are done", "", []string{"h03", "h04"}},
		{"always of nobody", `when = false`, []string{"h03", "h04"}},
		{"what comes once, last", `once = true`, []string{"h03", "h04"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cleanup := runner.NewCleanup()
				left := make(chan []string, 1)
				time.AfterFunc(15*time.Second, func() { left <- cleanup.GiveUp() })
				p := &play{acts: map[string]act{"one": lasts(10 * time.Second)}, Tasks: runner.Tasks{Cleanup: cleanup}}
				interrupted(t, p, 16*time.Second, fmt.Sprintf(two, tt.end))
				equal(t, "hosts", slices.Sorted(slices.Values(<-left)), tt.want)
				if again := cleanup.GiveUp(); len(again) != 2 {
					t.Errorf("later it is %q", again)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		cleanup := runner.NewCleanup()
		p := &play{Tasks: runner.Tasks{Cleanup: cleanup}}
		p.run(t.Context(), plan(t, fmt.Sprintf(two, "")))
		if left := cleanup.GiveUp(); len(left) > 0 {
			t.Errorf("after the run it is %q", left)
		}
	})
}
