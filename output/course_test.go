package output

import (
	"slices"
	"strings"
	"testing"

	"fleet/event"

	"pgregory.net/rapid"
)

func TestAStepIsPassedWhenTheLastHostHasPassedIt(t *testing.T) {
	p := newTaskPlay()
	p.task, p.batch = "t", 1
	var got []string
	c := newCourse([]string{"a", "b"})
	take := func(e event.Event) {
		_, passed := c.take(&e)
		for _, l := range passed {
			got = append(got, l.step)
		}
	}
	check := func(what, want string) {
		t.Helper()
		equal(t, what, strings.Join(got, " "), want)
		got = nil
	}
	end := func(host, step string, s event.Section) event.Event {
		e := p.event(event.StepEnd, host, step)
		e.Section, e.Outcome = s, event.OK
		return e
	}
	take(end("a", "one", event.Steps))
	take(end("a", "two", event.Steps))
	check("one host", "")
	take(p.event(event.StepStart, "b", "two"))
	check("the other is at two", "one")
	on := end("b", "two", event.Steps)
	on.On = "lb"
	take(on)
	check("another call may follow", "")
	take(end("a", "flushed", event.Handlers))
	take(end("b", "three", event.Steps))
	check("another step", "two")
	bad := end("a", "three", event.Steps)
	bad.Outcome = event.Failed
	take(bad)
	check("a failed: no further step, and no handler", "three")
	take(end("b", "four", event.Steps))
	take(end("b", "last", event.Always))
	check("b is past all steps", "four flushed")
	got = nil
	for _, l := range c.leave("a") {
		got = append(got, l.step)
	}
	check("a ended", "last")
	if c.first() != nil {
		t.Error("there is something left")
	}
	if l, _ := c.take(&event.Event{Type: event.StepEnd, Host: "stranger"}); l != nil {
		t.Error("a host of another batch")
	}
}

// Whatever hosts skip, in whatever order they come: each step is passed once,
// and never before a host of the batch has ended it.
func TestEachStepIsPassedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hosts := webs(1, rapid.IntRange(1, 5).Draw(t, "hosts"))
		steps := []string{"a", "b", "c", "d"}
		c := newCourse(hosts)
		at := make([]int, len(hosts))
		passed := make(map[string]int)
		for len(slices.DeleteFunc(slices.Clone(at), func(n int) bool { return n == len(steps) })) > 0 {
			h := rapid.IntRange(0, len(hosts)-1).Draw(t, "host")
			if at[h] == len(steps) {
				continue
			}
			e := event.Event{Type: event.StepEnd, Host: hosts[h], Section: event.Steps, Step: steps[at[h]], Outcome: event.OK}
			if rapid.Bool().Draw(t, "delegated") {
				e.On = "lb"
			}
			at[h]++
			_, over := c.take(&e)
			for _, l := range over {
				passed[l.step]++
				if n := slices.Index(steps, l.step); slices.Min(at) <= n {
					t.Fatalf("step %s is passed while hosts are at %v", l.step, at)
				}
			}
		}
		for _, h := range hosts {
			for _, l := range c.leave(h) {
				passed[l.step]++
			}
		}
		for _, s := range steps {
			if passed[s] != 1 {
				t.Fatalf("step %s was passed %d times", s, passed[s])
			}
		}
	})
}
