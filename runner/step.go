package runner

import (
	"context"
	"time"

	"fleet/event"
	"fleet/tasks"
)

// A visit is one step for one host.
type visit struct {
	*hostWalk
	section event.Section
	step    *tasks.Step
	afresh  bool      // whatever an earlier run did
	since   time.Time // of a handler, and of once steps of always: what was done before does not count
	missed  bool      // it was not carried out, because the host could not be reached
	absent  bool      // a call was left out because the host is known not to answer
}

// walkStep has a step carried out, and reports whether the walk goes on.
func (w *hostWalk) walkStep(ctx context.Context, section event.Section, s *tasks.Step) bool {
	if s.Kind == "flush" {
		return w.task.plan.Skip[s] != "" || w.handlers(ctx)
	}
	v := &visit{hostWalk: w, section: section, step: s}
	return v.walk(ctx)
}

// handlers carries out those that were notified, in the order of definition.
func (w *hostWalk) handlers(ctx context.Context) bool {
	for _, s := range w.task.plan.Handlers {
		since, ok := w.notified[s]
		if !ok {
			continue
		}
		delete(w.notified, s)
		v := &visit{hostWalk: w, section: event.Handlers, step: s, since: since}
		if !v.walk(ctx) {
			return false
		}
	}
	return true
}

// notify calls for handlers, for what changed at a time.
func (w *hostWalk) notify(names []string, changed time.Time) {
	for _, name := range names {
		for _, s := range w.task.plan.Handlers {
			if s.Name != name {
				continue
			}
			if w.notified == nil {
				w.notified = map[*tasks.Step]time.Time{}
			}
			if changed.After(w.notified[s]) {
				w.notified[s] = changed
			}
		}
	}
}

// walk carries the step out and draws the conclusions for the host.
func (v *visit) walk(ctx context.Context) bool {
	if err := v.halted(ctx); err != nil {
		v.interrupted(err, "before step "+v.step.Name)
		return false
	}
	end := v.carryOut(ctx)
	v.did, v.missed = v.did || end.sent, v.absent || end.unmet()
	if end.fresh {
		v.works()
	}
	if end.result != nil || end.problem == nil {
		v.exprs.Record(v.step, end.result)
	}
	if !end.changed.IsZero() {
		v.notify(v.step.Notify, end.changed)
	}
	if end.problem == nil {
		return true
	}
	e := ending(end.problem)
	if e.Outcome == event.NotAttempted && v.did {
		e.Outcome = event.Stopped
	}
	v.worsen(e)
	return false
}

// works notes that the step was sent in this run.
func (v *visit) works() {
	v.batch.worked.Store(true)
	if v.section != event.Always {
		v.worked = true
		v.task.worked.Store(true)
	}
}

// halted says why no other step begins.
func (v *visit) halted(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !v.run.refused.Load():
		return nil
	}
	switch v.section {
	case event.Steps, event.Handlers, event.Health:
		return errRefused
	}
	return nil
}

// carryOut finds out what the step comes to on this host, and does it.
func (v *visit) carryOut(ctx context.Context) *stepEnd {
	if reason := v.task.plan.Skip[v.step]; reason != "" {
		return v.leaveOut(reason)
	}
	if err := v.learnFacts(ctx, v.step); err != nil {
		return v.broken(question(err))
	}
	bound, err := v.exprs.Bind(v.step)
	if err != nil {
		return v.broken(err)
	}
	if bound.Skip != "" {
		return v.leaveOut(bound.Skip)
	}
	ok, err := v.consented(ctx, v.step)
	switch {
	case err != nil:
		return v.broken(canceled(err))
	case !ok:
		return v.leaveOut("not confirmed")
	}
	if v.step.Once && v.section != event.Always && !v.afresh {
		return v.carryOutOnce(ctx, v.task.once[v.step], bound.Calls)
	}
	return v.calls(ctx, bound.Calls)
}

// calls carries out the calls one after another, up to the first that fails.
func (v *visit) calls(ctx context.Context, calls []*tasks.Call) *stepEnd {
	release, err := v.throttled(ctx)
	if err != nil {
		return v.broken(canceled(err))
	}
	defer release()
	end := &stepEnd{host: v.host.Name}
	for _, call := range calls {
		c := &callRun{visit: v, call: call}
		e, r := c.carryOut(ctx)
		end.add(c, e, r)
		if end.problem != nil {
			break
		}
	}
	if end.result != nil {
		end.reason = ""
	}
	return end
}

// throttled waits until the step may be carried out on one more host.
func (v *visit) throttled(ctx context.Context) (release func(), err error) {
	s := v.task.throttle[v.step]
	if s == nil {
		return func() {}, nil
	}
	if !s.TryAcquire(1) {
		v.leavePlace()
		if err := s.Acquire(ctx, 1); err != nil {
			return nil, context.Cause(ctx)
		}
	}
	return func() { s.Release(1) }, nil
}

// event is one about the step, without a machine.
func (v *visit) event(t event.Type) *event.Event {
	return &event.Event{Type: t, Host: v.host.Name, Section: v.section, Step: v.step.Name, Once: v.step.Once && t != event.Output, Status: -1}
}

// leaveOut tells that there is nothing to do.
func (v *visit) leaveOut(reason string) *stepEnd {
	e := v.event(event.StepEnd)
	e.Outcome, e.Reason = event.Skipped, reason
	v.batch.emit(e)
	return &stepEnd{host: v.host.Name, reason: reason}
}

// broken tells that the step could not be made, or nobody could be asked.
func (v *visit) broken(err error) *stepEnd {
	e := v.event(event.StepEnd)
	failure(e, err)
	if e.Outcome == event.Unreachable {
		v.lose()
	}
	v.batch.emit(e)
	return &stepEnd{host: v.host.Name, problem: e}
}
