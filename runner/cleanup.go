package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"fleet/event"
	"fleet/tasks"
)

// Cleaning up
//
// What stands in always puts things right that a step before has changed, such
// as a host that was taken out of a load balancer. So it is carried out under a
// context of its own: when the run is stopped, it goes on for cleanupTime, or
// until the user insists.

// cleanupTime is how long the always steps of hosts at work may take after a stop.
const cleanupTime = time.Minute

// errForced is the cause when the user does not want to wait for always steps.
var errForced = errors.New("interrupted again")

// allowCleanup sets r.cleanup. The function that it returns ends that context.
func (r *planRun) allowCleanup(ctx context.Context) (end func()) {
	cleanup, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	r.cleanup = cleanup
	over := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() { // ends with the run
		select {
		case <-over:
			return
		case <-r.cfg.Cleanup.givenUp():
			cancel(errForced)
			return
		case <-ctx.Done():
		}
		r.limitCleanup(context.Cause(ctx), over, cancel)
	})
	return func() {
		close(over)
		group.Wait()
		cancel(nil)
	}
}

// limitCleanup lets the context live for as long as it may after a stop.
func (r *planRun) limitCleanup(why error, over <-chan struct{}, cancel context.CancelCauseFunc) {
	if r.cleans() {
		r.emit(&event.Event{Type: event.Note, Level: "info", Message: fmt.Sprintf(
			"%s: no further step is sent, but hosts at work carry out their always steps, for %s at most", why, cleanupTime)})
	}
	timer := time.NewTimer(cleanupTime)
	defer timer.Stop()
	select {
	case <-over:
	case <-r.cfg.Cleanup.givenUp():
		cancel(errForced)
	case <-timer.C:
		cancel(fmt.Errorf("always took longer than %s after the run was stopped", cleanupTime))
	}
}

// cleans reports whether a task of the plan has always steps.
func (r *planRun) cleans() bool {
	for _, p := range r.cfg.Plan.Tasks {
		if cleans(p) {
			return true
		}
	}
	return false
}

// cleans reports whether a task has always steps that are not left out.
func cleans(p *tasks.Planned) bool {
	return slices.ContainsFunc(p.Always, func(s *tasks.Step) bool { return p.Skip[s] == "" })
}

// finish carries out the once steps of always: one time, after all hosts have
// ended. They are for the first host that is well, or else for the first one
// that began.
func (t *taskRun) finish() {
	for _, s := range t.plan.Always {
		if !s.Once {
			continue
		}
		for _, w := range t.finishers() {
			if w.again(s) {
				break
			}
		}
	}
}

// finishers are the hosts that began, those that are well first.
func (t *taskRun) finishers() []*hostWalk {
	var well, other []*hostWalk
	for _, w := range t.walks {
		switch {
		case w == nil || !w.began:
		case w.end == nil:
			well = append(well, w)
		default:
			other = append(other, w)
		}
	}
	return append(well, other...)
}

// finishes reports whether always has steps that are carried out once.
func (t *taskRun) finishes() bool {
	return slices.ContainsFunc(t.plan.Always, func(s *tasks.Step) bool { return s.Once })
}

// again carries out a once step of always for a host that has ended. It reports
// whether that was done, or failed; if not, another host may try.
func (w *hostWalk) again(s *tasks.Step) (done bool) {
	place, err := w.run.places.take(w.run.cleanup)
	if err != nil {
		w.interrupted(err, "before step "+s.Name)
		return true
	}
	w.place = place
	defer w.place.giveBack()
	defer w.remotes.close()
	well := w.end == nil
	v := &visit{hostWalk: w, section: event.Always, step: s, since: w.task.lastEarlier()}
	if !v.walk(w.run.cleanup) && well {
		w.batch.charge(w.end)
	}
	w.settle(w.run.cleanup)
	return !v.missed
}
