package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"fleet/event"
	"fleet/pool/transfer"
	"fleet/tasks"
	"fleet/transport"
)

// A callRun is one action on one machine, for one host.
type callRun struct {
	*visit
	call    *tasks.Call
	machine *machine
	before  *event.Event // its end in an earlier run, where it is carried out once more
	fresh   bool         // it was begun in this run
	sent    bool         // an attempt was sent, now or in an earlier run
	ended   time.Time    // when the last attempt ended

	changed bool // a transfer changed something, in any attempt: the next one finds that all right
	files   int  // with new content, by all attempts
	bytes   int64
}

// own reports whether the call is for the host itself.
func (c *callRun) own() bool { return !c.call.Local && c.call.On == nil }

// id is how the call is known, also to later runs.
func (c *callRun) id(host string) event.StepID {
	id := event.StepID{Task: c.task.plan.Name, Host: host, Section: c.section, Step: c.step.Name, Key: c.call.Key}
	switch {
	case c.call.Local:
		id.On = "local"
	case c.call.On != nil:
		id.On = c.call.On.Name
	}
	return id
}

// event is one about the call.
func (c *callRun) event(t event.Type) *event.Event {
	e := c.visit.event(t)
	id := c.id("")
	e.Key, e.On = id.Key, id.On
	return e
}

// carryOut returns the step_end that it has told, and the result; nil where the
// call was left out.
func (c *callRun) carryOut(ctx context.Context) (*event.Event, *tasks.Result) {
	if c.own() && c.gone && !c.met {
		c.absent = true
		return c.skip("the host is unreachable"), nil
	}
	if done := c.recall(); done != nil && !c.opens() {
		if !c.due(done) {
			return c.restore(done)
		}
		c.before = done
	}
	c.run.learn(c.call.Secrets)
	if err := c.prepare(ctx); err != nil {
		return c.fails(err), nil
	}
	reason, err := guarded(ctx, c.machine, c.step, c.call)
	switch {
	case err != nil:
		return c.fails(question(err)), nil
	case reason != "":
		if c.own() {
			c.answered()
		}
		if c.before != nil && c.kept(c.before) { // it still is as it was left
			return c.restore(c.before)
		}
		return c.skip(reason), nil
	}
	c.begin()
	return c.attempts(ctx)
}

// opens reports whether the call opens a tunnel: it does nothing to any machine,
// and is gone with the run.
func (c *callRun) opens() bool { return c.step.Opens() }

// begin tells that the call is about to be sent.
func (c *callRun) begin() {
	if !c.opens() {
		c.fresh = true
		c.owe()
	}
	e := c.event(event.StepStart)
	if c.section == event.Always {
		e.Outcome = c.outcome
	}
	c.batch.emit(e)
}

// attempts tries until it goes well, or nothing is left to try.
func (c *callRun) attempts(ctx context.Context) (*event.Event, *tasks.Result) {
	began := time.Now()
	tries := &retries{step: c.step}
	for attempt := 1; ; attempt++ {
		e, r := c.attempt(ctx)
		e.Attempt = attempt
		delay, again := tries.next(ctx, e)
		if again {
			retry := c.event(event.StepRetry)
			retry.Attempt, retry.Error, retry.Delay = attempt, trouble(e), delay
			c.batch.emit(retry)
			if err := c.rest(ctx, delay); err != nil {
				e.Outcome, e.Kind = event.Stopped, string(transport.KindCanceled)
				e.Error = fmt.Sprintf("%s, before attempt %d; the one before: %s", err, attempt+1, trouble(e))
				again = false
			}
		}
		if !again {
			e.Duration = time.Since(began)
			return c.tell(e, r), r
		}
	}
}

// rest lets the delay pass, after which the host has its place again.
func (c *callRun) rest(ctx context.Context, delay time.Duration) error {
	if err := c.pause(ctx, delay); err != nil {
		return err
	}
	return c.place.Enter(ctx)
}

// attempt sends the call once.
func (c *callRun) attempt(ctx context.Context) (*event.Event, *tasks.Result) {
	stdout, stderr := c.stream(event.Stdout), c.stream(event.Stderr)
	began := time.Now()
	did := c.send(ctx, stdout, stderr)
	c.ended = time.Now()
	r := &tasks.Result{
		Stdout: stdout.text(), Stderr: stderr.text(), Status: did.status.Code, Duration: c.ended.Sub(began),
		Failed: did.err != nil || !did.status.OK(), Changed: did.err == nil && c.step.Changes(),
	}
	e := c.event(event.StepEnd)
	if did.err != nil && c.step.Transfers() {
		c.untransferred(e, did.err)
	} else {
		copyEnd(e, result(did.status, did.err))
	}
	if did.moved != nil {
		c.count(did.moved)
		r.Changed = r.Changed && c.changed
		e.Files, e.Bytes = c.files, c.bytes
	}
	if did.err != nil {
		r.Status = -1
		c.unanswered(e, did.err)
		return e, r
	}
	c.sent = !c.opens()
	if c.own() {
		c.answered()
	}
	if did.open == nil {
		c.judge(e, r)
	} else {
		c.settleTunnel(did.open, e, r)
	}
	return e, r
}

// count counts in what an attempt of a transfer has changed.
func (c *callRun) count(moved *transfer.Report) {
	c.changed = c.changed || moved.Changed()
	c.files += moved.Files
	c.bytes += moved.Bytes
}

// A deed is what an attempt came to, besides its output.
type deed struct {
	status transport.Status
	open   *openTunnel      // of a tunnel
	moved  *transfer.Report // of a transfer
	err    error
}

// send has the action carried out.
func (c *callRun) send(ctx context.Context, stdout, stderr io.Writer) deed {
	var did deed
	if a, ok := c.call.Action.(*tasks.Tunnel); ok {
		did.open, did.err = c.openTunnel(ctx, a)
		return did
	}
	if c.step.Transfers() {
		did.moved, did.err = c.transfer(ctx, stdout, stderr)
	} else {
		did.status, did.err = perform(ctx, c.machine, c.step, c.call, stdout, stderr)
	}
	c.tellFailures()
	return did
}

// unanswered notes what an attempt without a status means.
func (c *callRun) unanswered(e *event.Event, err error) {
	var te *transport.Error
	c.sent = c.sent || !c.opens() && (!errors.As(err, &te) || te.Sent)
	switch {
	case e.Outcome != event.Unreachable:
	case c.own():
		c.lose()
	default: // the step failed; the host is fine
		e.Outcome = event.Failed
	}
}

// judge lets the expressions of the step decide about an attempt with a status.
func (c *callRun) judge(e *event.Event, r *tasks.Result) {
	switch err := c.exprs.Judge(c.step, c.call, r); {
	case err != nil:
		r.Failed = true
		e.Outcome, e.Error = event.Failed, err.Error()
	case !r.Failed:
		e.Outcome = event.OK
	case e.Outcome == event.OK:
		e.Outcome, e.Error = event.Failed, "what it says in failed is true"
	}
	e.Changed = r.Changed && !r.Failed
}

// skip tells that there was nothing to do.
func (c *callRun) skip(reason string) *event.Event {
	e := c.event(event.StepEnd)
	e.Outcome, e.Reason = event.Skipped, reason
	if !c.changedAt(e).IsZero() {
		e.Notify = c.step.Notify
	}
	c.batch.emit(e)
	return e
}

// fails tells that the call could not be sent.
func (c *callRun) fails(err error) *event.Event {
	e := c.event(event.StepEnd)
	failure(e, err)
	c.unanswered(e, err)
	c.sent = false
	return c.tell(e, nil)
}

// tell completes a step_end and emits it.
func (c *callRun) tell(e *event.Event, r *tasks.Result) *event.Event {
	switch e.Outcome {
	case event.Failed, event.Timeout, event.Unknown:
		e.Ignored = c.step.IgnoreErrors
	}
	if !c.changedAt(e).IsZero() {
		e.Notify = c.step.Notify
	}
	if r != nil && c.step.Referenced {
		e.Result = &event.Result{Stdout: r.Stdout, Stderr: r.Stderr}
	}
	c.batch.emit(e)
	return e
}
