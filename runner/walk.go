package runner

import (
	"context"
	"time"

	"fleet/event"
	"fleet/inventory"
	"fleet/tasks"
)

// A hostWalk is one host on its way through a task. One goroutine walks it, and
// owns all of it.
//
// The host has a place among those at work, but never while it waits for other
// hosts, for the user or for time to pass: whoever it waits for may need that
// place. What it holds while it waits for a place is a step's throttle or once
// cell, and nobody who has a place waits for those. So there is no circle.
type hostWalk struct {
	run   *planRun
	task  *taskRun
	batch *batchRun
	host  *inventory.Host
	exprs *tasks.Host
	place *place

	position int                       // in the line of the batch
	notified map[*tasks.Step]time.Time // handlers that have to be carried out, and since when
	began    bool                      // its preconditions hold
	did      bool                      // a step was sent, or was in an earlier run
	worked   bool                      // a step was sent in this run, but for always
	outcome  event.Outcome             // how it had ended when always began; "" for well
	met      bool                      // the host itself has answered
	owes     bool                      // something was sent, and always has not ended
	gone     bool                      // it does not answer any more
	end      *event.Event              // how it ended: nil for well, otherwise as a host_end
	told     bool                      // that end was told
	tunnels  tunnels                   // that steps have opened for it
	remotes  remotes                   // its files, where a step has transferred some
}

func newHostWalk(b *batchRun, i int, place *place) *hostWalk {
	t := b.task
	return &hostWalk{
		run: t.run, task: t, batch: b, host: t.plan.Hosts[i],
		exprs: t.run.cfg.Plan.NewHost(t.plan, i, false), place: place,
	}
}

// walk is the whole way: what the task is for, and then what puts things right.
func (w *hostWalk) walk(ctx context.Context) {
	w.run.hosts[w.host.Name].begin()
	defer w.remotes.close()
	w.forward(ctx)
	failed := w.end
	w.batch.charge(failed)
	if w.began {
		w.revert(ctx)
		w.onFailure(ctx, failed)
		well := w.end == nil
		if !well {
			w.outcome = w.end.Outcome
		}
		w.always()
		if well {
			w.batch.charge(w.end)
		}
	}
	w.moveTo(w.task.gone())
	if !w.task.finishes() {
		w.tunnels.close()
		w.tell()
	}
}

// forward walks preconditions, steps, handlers and postconditions.
func (w *hostWalk) forward(ctx context.Context) {
	if err := w.task.lockless[w.host.Name]; err != nil {
		w.fail("lock", err)
		return
	}
	if err := w.learnFacts(ctx, nil); err != nil {
		w.fail("facts", err)
		return
	}
	if err := w.exprs.Precondition(); err != nil {
		w.fail("precondition", err)
		return
	}
	w.began = true
	for i, s := range w.task.plan.Steps {
		if !w.approach(ctx, i, s) || !w.walkStep(ctx, event.Steps, s) {
			return
		}
	}
	if !w.handlers(ctx) || !w.stayHealthy(ctx) {
		return
	}
	if err := w.exprs.Postcondition(); err != nil {
		w.fail("postcondition", err)
	}
}

// approach brings the host before step i of the task, and past a barrier there.
func (w *hostWalk) approach(ctx context.Context, i int, s *tasks.Step) bool {
	w.moveTo(i)
	if s.Barrier || w.task.plan.Linear {
		if err := w.await(ctx, w.batch.line.barrier(i)); err != nil {
			w.interrupted(err, "before step "+s.Name)
			return false
		}
	}
	return true
}

// stayHealthy lets the host run for the time in which it has to stay healthy,
// and then repeats the steps that find out.
func (w *hostWalk) stayHealthy(ctx context.Context) bool {
	rollout := w.task.plan.Rollout
	if rollout == nil || rollout.MinHealthyTime <= 0 || !w.worked {
		return true
	}
	w.batch.tellHealthyTime()
	if err := w.pause(ctx, rollout.MinHealthyTime); err != nil {
		w.interrupted(err, "in min_healthy_time")
		return false
	}
	for _, s := range w.task.plan.Steps {
		v := &visit{hostWalk: w, section: event.Health, step: s, afresh: true}
		if s.Health && !s.Once && !v.walk(ctx) {
			return false
		}
	}
	return true
}

// tell reports how the task ended on the host, once.
func (w *hostWalk) tell() {
	if !w.told {
		w.told, w.exprs = true, nil
		w.run.hosts[w.host.Name].taskEnded(w.end)
	}
}

// moveTo moves the host on in the line of the batch.
func (w *hostWalk) moveTo(position int) {
	if w.position < position {
		w.batch.line.move(w.position, position)
		w.position = position
	}
}

// await waits for done without a place.
func (w *hostWalk) await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return w.place.Enter(ctx)
	default:
	}
	w.leavePlace()
	select {
	case <-done:
		return w.place.Enter(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pause lets time pass without a place.
func (w *hostWalk) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	w.leavePlace()
	select {
	case <-timer.C:
		return w.place.Enter(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// worsen notes how the task ends on the host. What went wrong first is the
// cause of what follows.
func (w *hostWalk) worsen(e *event.Event) {
	if w.end == nil || w.end.Outcome == event.NotAttempted || w.end.Outcome == event.Stopped {
		w.end = worse(w.end, e)
	}
}

// fail ends the walk because of what is not a step.
func (w *hostWalk) fail(what string, err error) {
	e := new(event.Event)
	failure(e, question(err))
	if e.Outcome == event.Unreachable {
		w.lose()
	} else {
		e.Error = what + ": " + e.Error
	}
	w.worsen(e)
}

// interrupted ends the walk at a point where nothing runs on the host.
func (w *hostWalk) interrupted(err error, where string) {
	e := &event.Event{Outcome: event.NotAttempted, Status: -1, Error: err.Error()}
	aside(e)
	e.Error += ", " + where
	if w.did {
		e.Outcome = event.Stopped
	}
	w.worsen(e)
}
