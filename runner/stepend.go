package runner

import (
	"errors"
	"fmt"
	"time"

	"fleet/event"
	"fleet/tasks"
	"fleet/transport"
)

// A stepEnd is how a step ended for a host: its calls together.
type stepEnd struct {
	host    string        // the one that carried it out
	reason  string        // why it was left out; "" where a call was carried out
	result  *tasks.Result // nil where it was left out
	problem *event.Event  // the step_end of the call that ended the walk; nil where none did
	sent    bool          // a call was sent, now or in an earlier run
	fresh   bool          // a call was begun in this run
	changed time.Time     // when it changed something; zero where it did not
}

// unmet reports that nothing was sent because the host could not be reached, or
// the run was stopped, so that another host may carry the step out.
func (e *stepEnd) unmet() bool {
	return e.problem != nil && !e.sent && (e.problem.Outcome == event.Unreachable || e.problem.Outcome == event.NotAttempted)
}

// add counts a call in.
func (e *stepEnd) add(c *callRun, end *event.Event, r *tasks.Result) {
	e.sent, e.fresh = e.sent || c.sent, e.fresh || c.fresh
	switch {
	case r == nil:
		e.reason = end.Reason
	case e.result == nil:
		e.result = r
	default:
		e.result = together(e.result, r)
	}
	if at := c.changedAt(end); at.After(e.changed) {
		e.changed = at
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

// failure fills in e for what went wrong.
func failure(e *event.Event, err error) {
	var te *transport.Error
	if !errors.As(err, &te) { // it is not about a machine
		e.Outcome, e.Status, e.Error = event.Failed, -1, err.Error()
	} else {
		copyEnd(e, result(transport.Status{}, err))
	}
	aside(e)
}

// canceled is the error of what was not begun because of why.
func canceled(why error) error {
	return &transport.Error{Op: "run", Kind: transport.KindCanceled, Err: why, Stopped: true}
}

// copyEnd copies what says how something ended.
func copyEnd(to, from *event.Event) {
	to.Outcome, to.Status, to.Signal = from.Outcome, from.Status, from.Signal
	to.Kind, to.Error, to.Hint = from.Kind, from.Error, from.Hint
}

// question is the error of asking a host something: that changes nothing, so it
// is as if it had not been sent.
func question(err error) error {
	var te *transport.Error
	if !errors.As(err, &te) || !te.Sent {
		return err
	}
	e := *te
	e.Sent, e.Stopped = false, true
	return &e
}

// trouble says what is wrong with a step that ended as e.
func trouble(e *event.Event) string {
	text := e.Error
	switch {
	case text != "":
	case e.Signal != "":
		text = "ended by signal " + e.Signal
	case e.Status >= 0:
		text = fmt.Sprintf("exit status %d", e.Status)
	default:
		text = string(e.Outcome)
	}
	if e.Attempt > 1 {
		text += fmt.Sprintf(", after %d attempts", e.Attempt)
	}
	return text
}

// ending makes the end of a host from the step_end of a step that did not go
// well.
func ending(e *event.Event) *event.Event {
	text := "step " + e.Step
	if e.Key != "" {
		text += fmt.Sprintf("[%q]", e.Key)
	}
	if e.On != "" {
		text += " on " + e.On
	}
	end := new(event.Event)
	copyEnd(end, e)
	end.Error = text + ": " + trouble(e)
	return end
}
