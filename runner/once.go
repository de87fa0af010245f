package runner

import (
	"context"
	"fmt"
	"sync"

	"fleet/event"
	"fleet/tasks"
)

// A onceCell is a step that one host carries out for all of a task. The first
// host that gets there does it, the others wait without a place and share the
// end. If the host turns out to be unreachable, another one takes over.
type onceCell struct {
	mu      sync.Mutex
	taken   bool          // a host is at it; guarded by mu
	end     *stepEnd      // how it ended; guarded by mu
	changed chan struct{} // closed at the next change of the above; guarded by mu
}

func newOnceCell() *onceCell { return &onceCell{changed: make(chan struct{})} }

// claim returns the end of the step where there is one. Otherwise mine says
// that the caller has to carry it out and call leave; if somebody else does,
// changed is closed when it is worth to ask again.
func (c *onceCell) claim() (end *stepEnd, mine bool, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil || c.taken {
		return c.end, false, c.changed
	}
	c.taken = true
	return nil, true, nil
}

// leave ends the turn of who claimed the step. A nil end lets another host try.
func (c *onceCell) leave(end *stepEnd) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken, c.end = false, end
	close(c.changed)
	c.changed = make(chan struct{})
}

// carryOutOnce carries the step out, or shares how it ended elsewhere.
func (v *visit) carryOutOnce(ctx context.Context, cell *onceCell, calls []*tasks.Call) *stepEnd {
	for {
		end, mine, changed := cell.claim()
		switch {
		case mine:
			end := v.calls(ctx, calls)
			if end.unmet() {
				cell.leave(nil)
			} else {
				cell.leave(end)
			}
			return end
		case end != nil:
			return v.share(end)
		}
		if err := v.await(ctx, changed); err != nil {
			return v.broken(canceled(err))
		}
	}
}

// share makes the end of a step on another host that of this one: the result is
// the same for all, and so is a failure.
func (v *visit) share(there *stepEnd) *stepEnd {
	end := &stepEnd{host: there.host, reason: there.reason, changed: there.changed}
	e := v.event(event.StepEnd)
	e.Outcome, e.Reason = event.Skipped, "carried out once, on "+there.host
	switch {
	case there.problem != nil:
		e.Reason += ", where it failed"
		problem := *there.problem
		problem.Error = fmt.Sprintf("%s (carried out once, on %s)", trouble(there.problem), there.host)
		problem.Attempt = 0
		if problem.Outcome == event.Unreachable { // this one is not
			problem.Outcome = event.Failed
		}
		end.problem = &problem
	case there.reason != "":
		e.Reason = there.reason
	}
	if there.result != nil {
		r := *there.result
		end.result = &r
	}
	if !there.changed.IsZero() {
		e.Notify = v.step.Notify
	}
	v.batch.emit(e)
	return end
}
