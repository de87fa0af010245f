package runner_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
	"fleet/journal"
	"fleet/runner"
	"fleet/transport"
)

// A chain is runs that go on with each other, as the journal remembers them.
type chain struct {
	store *journal.Store
	last  string
}

func newChain(t *testing.T) *chain { return &chain{store: journal.Open(t.TempDir())} }

// next runs source with what the runs before have done, and records what
// happened, but for the events that a kill has cut off.
func (c *chain) next(t *testing.T, source string, acts map[string]act, killed func(*event.Event) bool, change ...func(*runner.Tasks)) *play {
	t.Helper()
	p := &play{acts: acts, Tasks: runner.Tasks{Fanout: 1}}
	if c.last != "" {
		run, err := c.store.Find(c.last)
		if err != nil {
			t.Fatal(err)
		}
		state, err := run.State()
		if err != nil {
			t.Fatal(err)
		}
		p.Memory = state
	}
	for _, f := range change {
		f(&p.Tasks)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	interrupt := func(context.Context, *transport.Command) (transport.Status, error) {
		cancel(&runner.Stop{Why: event.Interrupted})
		return transport.Status{}, &transport.Error{Op: "run", Kind: transport.KindCanceled, Err: errors.New("interrupted"), Sent: true, Stopped: true}
	}
	for name, do := range acts {
		if do == nil {
			acts[name] = interrupt
		}
	}
	p.run(ctx, plan(t, source))
	w, err := c.store.Create(journal.Meta{Kind: journal.KindApply, Resumes: c.last}, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.events {
		if killed == nil || !killed(&p.events[i]) {
			w.Emit(&p.events[i])
		}
	}
	c.last = w.ID()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

const drained = `
task "t" {
  hosts = "h[01-03]"
  rollout {
    canary       = 1
    max_parallel = 2
    stagger      = "1h"
    min_healthy_time = "1h"
    auto_promote = false
  }
  step "drain" {
    on      = "lb1"
    command = "down ${host.name}"
  }
  step "unpack" { command = "unpack" }
  step "activate" {
    command    = "activate"
    unless     = "true"
    idempotent = true
    notify     = ["restart"]
  }
  step "flush" { flush = true }
  step "check" { command = "check" }
  step "healthy" {
    command = "healthy"
    health  = true
  }
  handler "restart" { command = "restart" }
  always {
    step "enable" {
      on      = "lb1"
      command = "up ${host.name}"
    }
  }
}`

func TestWhatAlwaysHasUndoneIsDoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChain(t)
		a := c.next(t, drained, map[string]act{"h02 check": nil}, nil)
		if got := strings.Join(a.stage.ran("up h02"), " "); got != "lb1" {
			t.Fatalf("always was carried out on %q", got)
		}
		c.next(t, drained, map[string]act{"h02 check": exits(1), "GUARD": saysSkip}, nil)
		b := c.next(t, drained, map[string]act{"GUARD": saysSkip}, nil)
		equal(t, "on the load balancer", b.stage.ran("down h02"), []string{"lb1"})
		if got := b.stage.on("h02"); !strings.HasSuffix(got, "check healthy healthy") || strings.Contains(got, "unpack") || strings.Contains(got, "restart") {
			t.Errorf("on the host, %q", got)
		}
		at := slices.Index(b.stage.log, "lb1 down h02")
		if at > slices.Index(b.stage.log, "h02 check") {
			t.Errorf("it was done without being drained: %q", b.stage.log)
		}
		if slices.Contains(b.stage.log, "lb1 up h01") || slices.Contains(b.stage.log, "h01 healthy") {
			t.Errorf("a host that was done is touched: %q", b.stage.log)
		}
	})
}

func TestANoticeOfWhatIsDoneAgainIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := strings.Replace(drained, `step "flush" { flush = true }`, "", 1)
		unchanged := strings.Replace(source, `"true"`, `"true"`+"\n    changed = false", 1)
		for name, tt := range map[string]struct {
			source string
			guard  act
		}{"there is nothing left to do": {source, saysSkip}, "nothing changes any more": {unchanged, exits(0)}} {
			c := newChain(t)
			c.next(t, source, map[string]act{"h01 check": nil}, nil)
			c.next(t, tt.source, map[string]act{"h01 check": exits(1), "GUARD": tt.guard}, nil)
			b := c.next(t, tt.source, map[string]act{"GUARD": tt.guard}, nil)
			if n := len(slices.DeleteFunc(b.stage.ran("restart"), func(h string) bool { return h != "h01" })); n != 1 {
				t.Errorf("%s: the handler was carried out %d times: %q", name, n, b.stage.on("h01"))
			}
		}
	})
}

func TestHostsThatWereDoneAreNotTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChain(t)
		// Killed when the canary and h02 were done, and h03 had done its steps.
		killed := func(e *event.Event) bool { return e.Host == "h03" && e.Section == event.Always }
		c.next(t, drained, nil, killed)
		began := time.Now()
		b := c.next(t, drained, nil, nil, func(cfg *runner.Tasks) {
			cfg.Ask = func(context.Context, runner.Question) (runner.Answer, error) {
				t.Error("the user was asked about a canary that was promoted before")
				return runner.Yes, nil
			}
		})
		var sent []string
		for _, e := range b.of(event.StepStart) {
			sent = append(sent, e.Host+" "+e.Step)
		}
		equal(t, "sent", sent, []string{"h03 enable"})
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
		equal(t, "outcomes", b.outcomes(t), []string{"h01 ok", "h02 ok", "h03 ok"})
		if c := c.next(t, drained, nil, nil); len(c.of(event.StepStart)) > 0 {
			t.Errorf("once more: %q", c.stage.log)
		}
	})
}

func TestACanaryThatWasNotPromotedIsAskedAboutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChain(t)
		asked := 0
		answers := func(a runner.Answer) func(cfg *runner.Tasks) {
			return func(cfg *runner.Tasks) {
				cfg.Ask = func(context.Context, runner.Question) (runner.Answer, error) {
					asked++
					return a, nil
				}
			}
		}
		c.next(t, drained, nil, nil, answers(runner.No))
		for n := range 2 { // nothing is left to do on the canary
			b := c.next(t, drained, nil, nil, answers(runner.No))
			if asked != n+2 || len(b.of(event.StepStart)) > 0 {
				t.Errorf("asked %d times by now; sent %q", asked, b.stage.log)
			}
		}
		b := c.next(t, drained, map[string]act{"h02 check": exits(1)}, nil, answers(runner.Yes))
		if asked != 4 || !slices.Contains(b.stage.log, "h02 unpack") {
			t.Errorf("asked %d times; sent %q", asked, b.stage.log)
		}
		c.next(t, drained, nil, nil, answers(runner.No))
		if asked != 4 {
			t.Error("the user was asked about a canary that was promoted before")
		}
	})
}

func TestAHostThatDidNotStayHealthyIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChain(t)
		c.next(t, drained, map[string]act{"h01 healthy": inTurn(exits(0), exits(1))}, nil)
		b := c.next(t, drained, map[string]act{"h01 healthy": exits(1)}, nil)
		if got := b.outcomes(t)[0]; !strings.HasPrefix(got, "h01 failed: step healthy") {
			t.Errorf("got %q after %q", got, b.stage.on("h01"))
		}
	})
}

func TestOnceInAlwaysFollowsWhateverWasDone(t *testing.T) {
	const source = `
task "t" {
  hosts = "h[01-02]"
  step "one" { command = "one" }
  always {
    step "report" {
      once    = true
      command = "report"
    }
  }
}`
	c := newChain(t)
	c.next(t, source, map[string]act{"h02 one": exits(1)}, nil)
	// Killed when the last host was done, and before what is done once.
	b := c.next(t, source, nil, func(e *event.Event) bool { return e.Section == event.Always })
	equal(t, "the second time", b.stage.log, []string{"h02 one", "h01 report"})
	d := c.next(t, source, nil, nil)
	equal(t, "the third time", d.stage.log, []string{"h01 report"})
	if e := c.next(t, source, nil, nil); len(e.stage.log) > 0 {
		t.Errorf("the fourth time, %q", e.stage.log)
	}
}
