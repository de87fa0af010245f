package runner

import (
	"errors"
	"time"

	"fleet/event"
	"fleet/journal"
	"fleet/tasks"
)

// Memory is what earlier runs of the same plan have done.
type Memory interface {
	// Ended returns the step_end of a call that need not be done again; nil
	// where it was not done, or must be.
	Ended(id event.StepID) *event.Event
	// Undone reports whether always steps may have undone since what the call
	// has done: they were sent for a host that had not ended well.
	Undone(id event.StepID) bool
	// Promoted reports whether the rollout of a task has gone on after its canary.
	Promoted(task string) bool
}

// restore takes the end of the call over from an earlier run.
func (c *callRun) restore(done *event.Event) (*event.Event, *tasks.Result) {
	if !c.kept(done) {
		return c.fails(errors.New("an earlier run has done it, and its output is needed, but was sensitive and not kept; " +
			"with idempotent = true it would be carried out again")), nil
	}
	r := &tasks.Result{Status: done.Status, Changed: done.Changed, Duration: done.Duration}
	if c.step.Referenced {
		r.Stdout, r.Stderr = done.Result.Stdout, done.Result.Stderr
	}
	e := c.event(event.StepEnd)
	e.Outcome, e.Reason = event.Skipped, journal.DoneEarlier
	e.Status, e.Changed, e.Notify, e.Result = done.Status, done.Changed, done.Notify, done.Result
	c.batch.emit(e)
	c.sent, c.ended = true, done.Time
	if c.section != event.Always {
		c.task.remember(done.Time)
	}
	return e, r
}

// kept reports whether all is known of an earlier end that expressions ask for.
func (c *callRun) kept(done *event.Event) bool {
	return !c.step.Referenced || done.Result != nil && !done.Result.Masked
}

// due reports whether the call is to be carried out although an earlier run has
// done it: always may have undone it since, or its output is not known.
func (c *callRun) due(done *event.Event) bool {
	switch {
	case !c.kept(done):
		return c.step.Idempotent || !done.Changed || c.section == event.Always
	case c.section == event.Always, c.step.Once, done.Time.IsZero(): // the last: the user says that it is done
		return false
	}
	return (c.call.On != nil || c.step.Idempotent) && c.run.cfg.Memory.Undone(c.id(c.host.Name))
}

// recall asks the memory. What is done once may have been done on any host; of
// those that know of it, the first was the one. What stands in always is due after
// anything that was sent in this run.
func (c *callRun) recall() *event.Event {
	memory := c.run.cfg.Memory
	if memory == nil || c.afresh {
		return nil
	}
	if c.section == event.Always && (c.worked || c.step.Once && c.task.worked.Load()) {
		return nil
	}
	names := []string{c.host.Name}
	if c.step.Once {
		names = c.task.names(nil)
	}
	var first *event.Event
	for _, name := range names {
		done := memory.Ended(c.id(name))
		if done == nil || done.Time.Before(c.since) {
			continue
		}
		if first == nil || done.Time.Before(first.Time) {
			first = done
		}
	}
	return first
}

// changedAt is when the call that ended as e has changed something, in this run or
// in an earlier one, where handlers may not have heard of it; zero where it has not.
func (c *callRun) changedAt(e *event.Event) time.Time {
	switch {
	case e.Changed:
		return c.ended
	case c.before != nil:
		if passes(e) && (c.before.Changed || len(c.before.Notify) > 0) {
			return c.before.Time
		}
	case len(e.Notify) > 0:
		return c.ended
	}
	return time.Time{}
}

// remember notes when something was done in an earlier run.
func (t *taskRun) remember(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.After(t.earlier) {
		t.earlier = at
	}
}

// lastEarlier is when an earlier run did the last of what this one has not done
// again; of always it is nothing.
func (t *taskRun) lastEarlier() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.earlier
}
