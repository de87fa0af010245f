package runner_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
	"fleet/inventory"
	"fleet/inventory/facts"
	"fleet/transport"
)

func TestIgnoredErrors(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h[01-02]"
  step "one" {
    command       = "one"
    ignore_errors = true
  }
  step "two" {
    when    = step.one.failed
    command = "two"
  }
}`, map[string]act{"h01 one": exits(1), "h02 one": linkLost})
	equal(t, "outcomes", p.outcomes(t), []string{"h01 ok", "h02 ok"})
	if got := p.stage.on("h01") + ", " + p.stage.on("h02"); got != "one two, one two" {
		t.Errorf("got %q", got)
	}
}

func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name, step string
		do         act
		outcome    string
		attempts   int
		took       time.Duration
	}{
		{"until it goes well", "", inTurn(exits(1), unreachable, exits(0)), "h01 ok", 3, 3 * time.Second},
		{"and no more", "", exits(7), "h01 failed: step one: exit status 7, after 4 attempts", 4, 7 * time.Second},
		{"a wrong password gets no better", "", fails(transport.Error{Op: "login", Kind: transport.KindAuth, Err: context.Canceled}), "h01 unreachable: step one: login: context canceled", 1, 0},
		{"a lost link", "idempotent = true", inTurn(linkLost, exits(0)), "h01 ok", 2, time.Second},
		{"what may still run is not sent again", "", inTurn(exits(1), linkLost, exits(0)), "h01 unknown: step one: the connection was lost, after 2 attempts", 2, time.Second},
		{"a host that goes away before", "", inTurn(unreachable, exits(0)), "h01 ok", 2, time.Second},
		{"a timeout", `timeout = "2s"`, inTurn(lasts(time.Minute), exits(0)), "h01 ok", 2, 3 * time.Second},
		{"what it says", `failed = self.stdout != "up"`, inTurn(prints("down"), prints("up")), "h01 ok", 2, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				p := perform(t, `
task "t" {
  hosts = "h01"
  step "one" {
    command = "one"
    `+tt.step+`
    retry {
      attempts = 4
      delay    = "1s"
      backoff  = 2
    }
  }
}`, map[string]act{"one": tt.do})
				equal(t, "outcomes", p.outcomes(t), []string{tt.outcome})
				if n := len(p.stage.log); n != tt.attempts || len(p.of(event.StepRetry)) != n-1 {
					t.Errorf("%d attempts and %d retries, want %d attempts", n, len(p.of(event.StepRetry)), tt.attempts)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("it took %s, want %s", took, tt.took)
				}
				if e := p.of(event.StepEnd); len(e) != 1 || e[0].Attempt != tt.attempts {
					t.Errorf("got %+v", e)
				}
			})
		})
	}
}

func TestALostLink(t *testing.T) {
	const source = `
task "t" {
  hosts = "h01"
  step "one" {
    command    = "one"
    idempotent = IDEMPOTENT
  }
}`
	p := perform(t, strings.Replace(source, "IDEMPOTENT", "false", 1), map[string]act{"one": inTurn(linkLost, exits(0))})
	equal(t, "outcomes", p.outcomes(t), []string{"h01 unknown: step one: the connection was lost"})
	p = perform(t, strings.Replace(source, "IDEMPOTENT", "true", 1), map[string]act{"one": inTurn(linkLost, exits(0))})
	equal(t, "outcomes", p.outcomes(t), []string{"h01 ok"})
	p = perform(t, strings.Replace(source, "IDEMPOTENT", "true", 1), map[string]act{"one": linkLost})
	if n := len(p.stage.log); n != 2 {
		t.Errorf("it was sent %d times, want 2", n)
	}
}

func TestFlushCarriesHandlersOut(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h01"
  step "one" {
    command = "one"
    notify  = ["restart"]
  }
  step "now" { flush = true }
  step "two" {
    command = "two"
    notify  = ["reload"]
    changed = false
  }
  step "three" {
    command = "three"
    notify  = ["restart"]
  }
  handler "reload" { command = "reload" }
  handler "restart" { command = "restart" }
}`, nil)
	if got := p.stage.on("h01"); got != "one restart two three restart" {
		t.Errorf("got %q", got)
	}
}

func TestForEach(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h01"
  step "one" {
    for_each = ["a", "b", "c"]
    command  = "one ${each.key}"
  }
}`, map[string]act{"one b": exits(1)})
	equal(t, "story", p.story("h01"), []string{"one[a] ok", "one[b] failed"})
	equal(t, "outcomes", p.outcomes(t), []string{`h01 failed: step one["b"]: exit status 1`})
}

func TestTheResultIsToldWhereItIsAskedFor(t *testing.T) {
	p := perform(t, `
task "t" {
  hosts = "h01"
  step "one" { command = "one" }
  step "two" { command = "two ${step.one.stdout}" }
}`, map[string]act{"one": prints("text")})
	ends := p.of(event.StepEnd)
	if len(ends) != 2 || ends[0].Result == nil || ends[0].Result.Stdout != "text" || ends[1].Result != nil {
		t.Errorf("got %+v", ends)
	}
	if out := p.output["h01 stdout"]; out != "text" {
		t.Errorf("printed %q", out)
	}
}

func TestAGuardLeavesAStepOut(t *testing.T) {
	p := &play{acts: map[string]act{}}
	guard := func(text string) act {
		return func(_ context.Context, c *transport.Command) (transport.Status, error) {
			if !strings.Contains(c.Script, "/done") {
				return transport.Status{}, nil
			}
			return prints(text)(t.Context(), c)
		}
	}
	p.acts["GUARD"], p.acts["h02 GUARD"] = guard("at 0\n"), guard("at 0\nskip 0\n")
	p.acts["h03 GUARD"] = unreachable
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-03]"
  step "one" {
    command = "one"
    creates = "/done"
    notify  = ["restart"]
  }
  handler "restart" { command = "restart" }
}`))
	for host, want := range map[string]string{"h01": "GUARD one restart", "h02": "GUARD", "h03": "GUARD"} {
		if got := p.stage.on(host); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
	skipped := p.find(func(e *event.Event) bool { return e.Outcome == event.Skipped })
	if len(skipped) != 1 || skipped[0].Reason != "creates /done exists" {
		t.Errorf("got %+v", skipped)
	}
	if n := len(p.find(func(e *event.Event) bool { return e.Type == event.StepStart && e.Host != "h01" })); n > 0 {
		t.Errorf("%d steps are told to be sent that were not", n)
	}
}

func TestFactsAreAskedWhereTheyAreNeeded(t *testing.T) {
	p := &play{acts: map[string]act{"h02 FACTS": func(ctx context.Context, c *transport.Command) (transport.Status, error) {
		if c.Place == nil { // it is silent, and would hold up the others
			t.Error("it keeps its place")
		}
		return unreachable(ctx, c)
	}}}
	p.Facts = facts.New(facts.Config{Transport: &stage{acts: p.acts}})
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-02]"
  step "one" { command = "one" }
  step "two" {
    when    = host.facts.os != "plan9"
    command = "two"
  }
}`))
	if got := p.stage.on("h01") + ", " + p.stage.on("h02"); got != "one two, one" {
		t.Errorf("got %q", got)
	}
	equal(t, "outcomes", p.outcomes(t), []string{"h01 ok", "h02 unreachable: step two: connect: connection refused"})
}

func TestBecomeAndWhatMayNotBeShown(t *testing.T) {
	var users, learned []string
	var mu sync.Mutex
	p := &play{acts: map[string]act{"one": func(_ context.Context, c *transport.Command) (transport.Status, error) {
		mu.Lock()
		defer mu.Unlock()
		if !c.Private || !slices.Contains(learned, "s3cret") {
			t.Errorf("private %t, learned %q", c.Private, learned)
		}
		users = append(users, c.Become.User)
		return transport.Status{}, nil
	}}}
	p.Become = func(_ context.Context, h *inventory.Host, user string) (*transport.Become, error) {
		if h.Name == "h02" {
			return nil, errors.New("no password")
		}
		return &transport.Become{User: user}, nil
	}
	p.Learn = func(texts ...string) {
		mu.Lock()
		defer mu.Unlock()
		learned = append(learned, texts...)
	}
	p.run(t.Context(), plan(t, `
variable "key" {
  default   = "s3cret"
  sensitive = true
}
task "t" {
  hosts = "h[01-02]"
  step "one" {
    command = "one"
    env     = { KEY = var.key }
    become  = "app"
  }
}`))
	equal(t, "users", users, []string{"app"})
	equal(t, "outcomes", p.outcomes(t), []string{"h01 ok", "h02 failed: step one: no password"})
}
