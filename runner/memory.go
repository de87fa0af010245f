package runner

import (
	"errors"

	"fleet/event"
	"fleet/journal"
	"fleet/tasks"
)

// Memory is what earlier runs of the same plan have done.
type Memory interface {
	// Ended returns the step_end of a call that need not be done again; nil
	// where it was not done, or must be.
	Ended(id event.StepID) *event.Event
}

// remembered takes the end of the call over from an earlier run, where there is
// one; nil otherwise.
func (c *callRun) remembered() (*event.Event, *tasks.Result) {
	done := c.recall()
	if done == nil {
		return nil, nil
	}
	r := &tasks.Result{Status: done.Status, Changed: done.Changed, Duration: done.Duration}
	if c.step.Referenced {
		if done.Result == nil || done.Result.Masked {
			if c.step.Idempotent || !done.Changed {
				return nil, nil
			}
			return c.fails(errors.New("an earlier run has done it, and its output is needed, but was sensitive and not kept; " +
				"with idempotent = true it would be carried out again")), nil
		}
		r.Stdout, r.Stderr = done.Result.Stdout, done.Result.Stderr
	}
	e := c.event(event.StepEnd)
	e.Outcome, e.Reason = event.Skipped, journal.DoneEarlier
	e.Status, e.Changed, e.Notify, e.Result = done.Status, done.Changed, done.Notify, done.Result
	c.batch.emit(e)
	c.sent, c.ended = true, done.Time
	return e, r
}

// recall asks the memory. What is done once may have been done on any host; of
// those that know of it, the first was the one.
func (c *callRun) recall() *event.Event {
	memory := c.run.cfg.Memory
	if memory == nil || c.afresh {
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
