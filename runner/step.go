package runner

import (
	"context"
	"errors"
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
	since   time.Time // of a handler: what was done before does not count
	missed  bool      // it was not carried out, because the host could not be reached
}

// A stepEnd is how a step ended for a host: its calls together.
type stepEnd struct {
	host    string        // the one that carried it out
	reason  string        // why it was left out; "" where a call was carried out
	result  *tasks.Result // nil where it was left out
	problem *event.Event  // the step_end of the call that ended the walk; nil where none did
	sent    bool          // a call was sent, now or in an earlier run
	changed time.Time     // when it changed something; zero where it did not
}

// unmet reports that nothing was sent because the host could not be reached, or
// the run was stopped, so that another host may carry the step out.
func (e *stepEnd) unmet() bool {
	return e.problem != nil && !e.sent && (e.problem.Outcome == event.Unreachable || e.problem.Outcome == event.NotAttempted)
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
	v.did, v.missed = v.did || end.sent, end.unmet()
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

// halted says why no other step begins.
func (v *visit) halted(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case (v.section == event.Steps || v.section == event.Handlers) && v.run.refused.Load():
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

// add counts a call in.
func (e *stepEnd) add(c *callRun, end *event.Event, r *tasks.Result) {
	e.sent = e.sent || c.sent
	switch {
	case r == nil:
		e.reason = end.Reason
	case e.result == nil:
		e.result = r
	default:
		e.result = together(e.result, r)
	}
	if end.Changed && c.ended.After(e.changed) {
		e.changed = c.ended
	}
	if !passes(end) {
		e.problem = end
	}
}

// together is the result of two calls. -1, for no status, is the worst one.
func together(a, b *tasks.Result) *tasks.Result {
	r := &tasks.Result{
		Stdout: clip(a.Stdout + b.Stdout), Stderr: clip(a.Stderr + b.Stderr),
		Status: max(a.Status, b.Status), Duration: a.Duration + b.Duration,
		Changed: a.Changed || b.Changed, Failed: a.Failed || b.Failed,
	}
	if a.Status < 0 || b.Status < 0 {
		r.Status = -1
	}
	return r
}

// passes reports whether the walk goes on after a step_end.
func passes(e *event.Event) bool {
	return e.Ignored || e.Outcome == event.OK || e.Outcome == event.Skipped
}

// throttled waits until the step may be carried out on one more host.
func (v *visit) throttled(ctx context.Context) (release func(), err error) {
	s := v.task.throttle[v.step]
	if s == nil {
		return func() {}, nil
	}
	if !s.TryAcquire(1) {
		v.place.giveUp()
		if err := s.Acquire(ctx, 1); err != nil {
			return nil, context.Cause(ctx)
		}
	}
	return func() { s.Release(1) }, nil
}

// learnFacts asks the host for its facts where s needs them; a nil step stands
// for the conditions of the task.
func (w *hostWalk) learnFacts(ctx context.Context, s *tasks.Step) error {
	if !w.exprs.NeedsFacts(s) {
		return nil
	}
	if w.run.cfg.Facts == nil {
		return errors.New("the facts of the host are needed, and nobody asks for them")
	}
	if err := w.place.Enter(ctx); err != nil {
		return canceled(err)
	}
	target, err := w.run.target(ctx, w.host)
	if err != nil {
		return unprepared(ctx, err)
	}
	v, err := w.run.cfg.Facts.Host(ctx, target)
	if err != nil {
		return err
	}
	w.answered()
	w.exprs.SetFacts(v)
	return nil
}

// event is one about the step, without a machine.
func (v *visit) event(t event.Type) *event.Event {
	return &event.Event{Type: t, Host: v.host.Name, Section: v.section, Step: v.step.Name, Status: -1}
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

// lose notes that the host does not answer. One that has answered before gets
// one more chance to.
func (w *hostWalk) lose() {
	if w.gone {
		w.met = false
	}
	w.gone = true
}

// answered notes that the host does.
func (w *hostWalk) answered() { w.met, w.gone = true, false }
