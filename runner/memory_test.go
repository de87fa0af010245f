package runner_test

import (
	"strings"
	"testing"
	"time"

	"fleet/event"
	"fleet/journal"
	"fleet/runner"
)

// A memory holds the step_end events of earlier runs that ended well.
type memory map[event.StepID]*event.Event

func (m memory) Ended(id event.StepID) *event.Event { return m[id] }

func (memory) Undone(event.StepID) bool { return false }

func (memory) Promoted(string) bool { return true }

// memory is what is left to know of a run.
func (p *play) memory() memory {
	m := memory{}
	for _, e := range p.of(event.StepEnd) {
		if e.Outcome == event.OK || e.Reason == journal.DoneEarlier {
			m[e.StepID()] = &e
		}
	}
	return m
}

// resume runs source a second time, after a first run.
func resume(t *testing.T, source string, first, second map[string]act) (*play, *play) {
	t.Helper()
	a := &play{acts: first, Tasks: runner.Tasks{Fanout: 1}}
	a.run(t.Context(), plan(t, source))
	b := &play{acts: second, Tasks: runner.Tasks{Fanout: 1, Memory: a.memory()}}
	b.run(t.Context(), plan(t, source))
	return a, b
}

const release = `
task "t" {
  hosts = "h[01-03]"
  step "version" {
    command = "version"
    notify  = ["restart"]
  }
  step "drain" {
    on      = "@lb"
    command = "drain"
  }
  step "migrate" {
    once    = true
    command = "migrate"
  }
  step "each" {
    for_each = ["a", "b"]
    command  = "each ${each.key} ${step.version.stdout} ${step.migrate.stdout}"
  }
  handler "restart" { command = "restart" }
}`

func TestAResumedRunDoesNothingTwice(t *testing.T) {
	acts := map[string]act{"version": prints("7"), "migrate": prints("m"), "h02 each b 7 m": exits(1)}
	a, b := resume(t, release, acts, map[string]act{"version": prints("8")})
	if got := a.stage.on("h02"); got != "version each a 7 m each b 7 m" {
		t.Errorf("at first, %q", got)
	}
	if got := strings.Join(b.stage.log, ", "); got != "h02 each b 7 m, h02 restart" {
		t.Errorf("the second time, %q", got)
	}
	equal(t, "outcomes", b.outcomes(t), []string{"h01 ok", "h02 ok", "h03 ok"})
	done := b.find(func(e *event.Event) bool { return e.Reason == journal.DoneEarlier && e.Host == "h02" })
	if len(done) != 4 || done[0].Outcome != event.Skipped || !done[0].Changed || done[0].Result.Stdout != "7" || len(done[0].Notify) != 1 {
		t.Errorf("got %+v", done)
	}
}

func TestAResumedRunOfAResumedRun(t *testing.T) {
	acts := map[string]act{"version": prints("7"), "migrate": prints("m"), "h02 each b 7 m": exits(1)}
	_, b := resume(t, release, acts, acts)
	c := &play{Tasks: runner.Tasks{Memory: b.memory()}}
	c.run(t.Context(), plan(t, release))
	if got := strings.Join(c.stage.log, ", "); got != "h02 each b 7 m, h02 restart" {
		t.Errorf("the third time, %q", got)
	}
}

func TestOnceIsRememberedWhicheverHostDidIt(t *testing.T) {
	_, b := resume(t, `
task "t" {
  hosts = "h[01-03]"
  step "one" {
    once    = true
    command = "one"
  }
  step "two" { command = "two" }
}`, map[string]act{"h01 one": unreachable, "two": exits(1)}, nil)
	if n := len(b.stage.ran("one")); n != 0 {
		t.Errorf("it was carried out %d times more", n)
	}
}

// A resumed run in which another host said that it was done does not make it later.
func TestWhatWasDoneOnceKeepsItsTime(t *testing.T) {
	at := time.Now()
	id := func(host string, s event.Section, step string) event.StepID {
		return event.StepID{Task: "t", Host: host, Section: s, Step: step}
	}
	end := func(seconds int, notify ...string) *event.Event {
		return &event.Event{Type: event.StepEnd, Time: at.Add(time.Duration(seconds) * time.Second), Changed: true, Notify: notify}
	}
	p := &play{Tasks: runner.Tasks{Memory: memory{
		id("h02", event.Steps, "one"): end(1, "restart"), id("h02", event.Handlers, "restart"): end(2),
		id("h01", event.Steps, "one"): end(9, "restart"), id("h01", event.Handlers, "restart"): end(3),
	}}}
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h[01-02]"
  step "one" {
    once    = true
    command = "one"
    notify  = ["restart"]
  }
  handler "restart" { command = "restart" }
}`))
	if len(p.stage.log) > 0 {
		t.Errorf("carried out again: %q", p.stage.log)
	}
}

func TestAHandlerIsCarriedOutForWhatChangedAfterIt(t *testing.T) {
	_, b := resume(t, `
task "t" {
  hosts = "h01"
  step "one" {
    command = "one"
    notify  = ["restart"]
  }
  step "now" { flush = true }
  step "two" {
    command = "two"
    notify  = ["restart"]
  }
  step "three" { command = "three" }
  handler "restart" { command = "restart" }
}`, map[string]act{"three": exits(1)}, nil)
	if got := b.stage.on("h01"); got != "three restart" {
		t.Errorf("got %q", got)
	}
}

func TestAnOutputThatWasNotKept(t *testing.T) {
	const source = `
task "t" {
  hosts = "h01"
  step "one" {
    command = "one"
    IDEMPOTENT
  }
  step "two" { command = "two ${step.one.stdout}" }
}`
	for _, tt := range []struct{ idempotent, want, log string }{
		{"", "h01 failed: step one: an earlier run has done it, and its output is needed", ""},
		{"idempotent = true", "h01 ok", "one two x"},
		{"changed = false", "h01 ok", "one two x"},
	} {
		source := strings.Replace(source, "IDEMPOTENT", tt.idempotent, 1)
		a := &play{acts: map[string]act{"one": prints("x"), "two x": exits(1)}}
		a.run(t.Context(), plan(t, source))
		m := a.memory()
		m[event.StepID{Task: "t", Host: "h01", Section: event.Steps, Step: "one"}].Result.Masked = true
		b := &play{acts: map[string]act{"one": prints("x")}, Tasks: runner.Tasks{Memory: m}}
		b.run(t.Context(), plan(t, source))
		if got := b.outcomes(t)[0]; !strings.HasPrefix(got, tt.want) || b.stage.on("h01") != tt.log {
			t.Errorf("%s: got %q after %q", tt.idempotent, got, b.stage.on("h01"))
		}
	}
}

func TestARestoredResultIsAsItWas(t *testing.T) {
	e := &event.Event{Type: event.StepEnd, Time: time.Now(), Status: 3, Changed: true, Result: &event.Result{Stdout: "out"}}
	id := event.StepID{Task: "t", Host: "h01", Section: event.Steps, Step: "one"}
	p := &play{Tasks: runner.Tasks{Memory: memory{id: e}}}
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h01"
  step "one" { command = "one" }
  step "two" { command = "two ${step.one.stdout} ${step.one.changed}" }
}`))
	if got := p.stage.on("h01"); got != "two out true" {
		t.Errorf("got %q", got)
	}
}
