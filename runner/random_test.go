package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"fleet/event"
	"fleet/runner"
)

// TestAnyTaskComesToItsEnd mixes whatever makes hosts wait for each other, with
// hosts that fail, at random. A circle of waits is a deadlock of the bubble.
func TestAnyTaskComesToItsEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		source, acts := randomTask(rt)
		fanout := rapid.IntRange(1, 4).Draw(rt, "fanout")
		stop := time.Duration(rapid.IntRange(0, 60).Draw(rt, "stop")) * time.Second
		var wrong string
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if stop > 0 {
				timer := time.AfterFunc(stop, func() { cancel(&runner.Stop{Why: event.Interrupted}) })
				defer timer.Stop()
			}
			p := &play{acts: acts, Tasks: runner.Tasks{Fanout: fanout}}
			p.run(ctx, plan(t, source))
			wrong = p.wrong(t, fanout)
		})
		if wrong != "" {
			rt.Fatalf("%s, with fanout %d, stop after %s, and\n%s", wrong, fanout, stop, source)
		}
	})
}

// wrong says what cannot be, whatever the tasks are.
func (p *play) wrong(t *testing.T, fanout int) string {
	ends := p.ends(t)
	if len(ends) != 10 {
		return fmt.Sprintf("%d of 10 hosts ended", len(ends))
	}
	if p.stage.most > fanout {
		return fmt.Sprintf("%d hosts were at work", p.stage.most)
	}
	open := map[event.StepID]bool{}
	onces := map[string]string{}
	for i := range p.events {
		e := &p.events[i]
		switch e.Type {
		case event.StepStart:
			if open[e.StepID()] {
				return fmt.Sprintf("%+v began twice", e.StepID())
			}
			open[e.StepID()] = true
		case event.StepEnd:
			if e.Outcome != event.Skipped && e.Attempt > 0 && !open[e.StepID()] {
				return fmt.Sprintf("%+v ended before it began", e.StepID())
			}
			delete(open, e.StepID())
			if strings.HasPrefix(e.Step, "once") && e.Outcome == event.OK {
				if first := onces[e.Step]; first != "" {
					return fmt.Sprintf("%s was carried out on %s and %s", e.Step, first, e.Host)
				}
				onces[e.Step] = e.Host
			}
		}
	}
	if len(open) > 0 {
		return fmt.Sprintf("%d steps have no end", len(open))
	}
	for _, e := range p.of(event.BatchEnd) {
		if e.Outcome == "" {
			return "a batch has no outcome"
		}
	}
	return ""
}

func randomTask(rt *rapid.T) (source string, acts map[string]act) {
	var b strings.Builder
	acts = map[string]act{}
	flag := func(name string) bool { return rapid.Bool().Draw(rt, name) }
	b.WriteString("task \"t\" {\n hosts = \"h[01-10]\"\n")
	if flag("linear") {
		b.WriteString(" strategy = \"linear\"\n")
	}
	if flag("rollout") {
		fmt.Fprintf(&b, " rollout {\n max_parallel = %d\n max_failures = %d\n max_unreachable = 2\n auto_revert = %t\n min_healthy_time = \"1s\"\n }\n",
			rapid.IntRange(1, 10).Draw(rt, "batch"), rapid.IntRange(0, 4).Draw(rt, "budget"), flag("revert"))
	}
	step := func(name string, own bool) {
		if rapid.IntRange(0, 3).Draw(rt, name+" once") == 0 {
			name = "once_" + name
			fmt.Fprintf(&b, " step %q {\n once = true\n", name)
		} else {
			fmt.Fprintf(&b, " step %q {\n", name)
		}
		fmt.Fprintf(&b, " command = %q\n", name)
		if flag("throttle") {
			fmt.Fprintf(&b, " throttle = %d\n", rapid.IntRange(1, 3).Draw(rt, "most"))
		}
		if flag("retry") {
			b.WriteString(" retry {\n attempts = 2\n delay = \"2s\"\n }\n")
		}
		if own {
			health := flag("health")
			fmt.Fprintf(&b, " barrier = %t\n health = %t\n", flag("barrier"), health)
			if !health && flag("notify") {
				b.WriteString(" notify = [\"restart\"]\n")
			}
		}
		b.WriteString(" }\n")
		randomActs(rt, name, acts)
	}
	for i := range rapid.IntRange(1, 5).Draw(rt, "steps") {
		step(fmt.Sprintf("s%d", i), true)
		if flag("flush") {
			fmt.Fprintf(&b, " step \"flush%d\" { flush = true }\n", i)
		}
	}
	fmt.Fprintf(&b, " handler \"restart\" {\n command = \"restart\"\n once = %t\n throttle = 1\n }\n", flag("once handler"))
	randomActs(rt, "restart", acts)
	for _, section := range []string{"revert", "on_failure", "always"} {
		fmt.Fprintf(&b, " %s {\n", section)
		step(section, false)
		b.WriteString(" }\n")
	}
	b.WriteString("}\n")
	return b.String(), acts
}

// randomActs lets a command go wrong on some hosts.
func randomActs(rt *rapid.T, command string, acts map[string]act) {
	acts[command] = lasts(time.Duration(rapid.IntRange(0, 3).Draw(rt, command+" lasts")) * time.Second)
	for range rapid.IntRange(0, 3).Draw(rt, command+" bad hosts") {
		host := rapid.IntRange(1, 10).Draw(rt, command+" bad host")
		acts[fmt.Sprintf("h%02d %s", host, command)] = rapid.SampledFrom([]act{
			exits(1), unreachable, linkLost, lasts(9 * time.Second), inTurn(exits(1), exits(0)),
		}).Draw(rt, command+" act")
	}
}
