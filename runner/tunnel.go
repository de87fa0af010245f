package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"fleet/event"
	"fleet/internal/forward"
	"fleet/pool/tunnel"
	"fleet/tasks"
	"fleet/transport"
)

// tunnels are those that steps have opened and that somebody will close: a host,
// or the task where a step is carried out once for all. The zero value is ready
// for use, by several goroutines.
type tunnels struct {
	mu   sync.Mutex
	open []*openTunnel // guarded by mu
}

// An openTunnel is one of them.
type openTunnel struct {
	set    *tunnel.Set
	teller *teller
	listen forward.Endpoint
	to     forward.Endpoint
}

func (t *tunnels) add(one *openTunnel) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = append(t.open, one)
}

// close returns when nothing of them is left.
func (t *tunnels) close() {
	t.mu.Lock()
	open := t.open
	t.open = nil
	t.mu.Unlock()
	for _, one := range open {
		one.close()
	}
}

func (o *openTunnel) close() {
	o.teller.stop()
	_ = o.set.Close() // which has no error to tell
}

// complain tells of connections that have failed until now.
func (t *tunnels) complain() {
	t.mu.Lock()
	open := slices.Clone(t.open)
	t.mu.Unlock()
	for _, one := range open {
		one.teller.look()
	}
}

// closeTunnels closes all that the task has opened and that is still open.
func (t *taskRun) closeTunnels() {
	for _, w := range t.walks {
		if w != nil {
			w.tunnels.close()
		}
	}
	t.tunnels.close()
}

// openTunnel opens the tunnel of the step. It lives for as long as always steps may
// take, and so is not ended by the end of ctx once it is open: whoever has it closes
// it, or keeps it.
func (c *callRun) openTunnel(ctx context.Context, a *tasks.Tunnel) (*openTunnel, error) {
	ctx, limits := newLimits(ctx, c.step.Timeout, 0)
	defer limits.stop()
	limits.start()
	spec := tunnel.Spec{Target: c.machine.target, Rules: []forward.Rule{a.Rule}}
	if a.OnDown == tunnel.Refuse.String() {
		spec.OnDown = tunnel.Refuse
	}
	one := &openTunnel{teller: newTeller(c.tellState), to: a.Rule.To}
	cfg := tunnel.Config{Transport: c.machine.transport, Changed: one.teller.changed, Complaint: one.teller.complaint}
	set, err := tunnel.New(cfg, []tunnel.Spec{spec})
	if err != nil {
		one.teller.stop()
		return nil, errors.New(strings.TrimPrefix(err.Error(), spec.Target.Label()+": "))
	}
	one.set = set
	set.Start(c.run.cleanup)
	if err := set.Ready(ctx); err != nil {
		err = c.unopened(ctx, set.Status()[0].Err, err)
		one.close()
		return nil, err
	}
	one.listen = set.Status()[0].Listen
	one.teller.failure = func() error { return set.Status()[0].LastError }
	one.teller.tellFailure = c.tellFailure
	return one, nil
}

// settleTunnel judges the step that has opened one, and leaves that open for the rest
// of the task. Where the step failed by what it says of itself, the tunnel is closed:
// another attempt may need its address.
func (c *callRun) settleTunnel(one *openTunnel, e *event.Event, r *tasks.Result) {
	r.Listen = one.listen
	c.judge(e, r)
	if r.Failed {
		one.close()
		r.Listen = forward.Endpoint{}
		return
	}
	e.Listen, e.Target = one.listen.String(), one.to.String()
	one.teller.begin()
	if c.step.Once {
		c.task.tunnels.add(one)
	} else {
		c.tunnels.add(one)
	}
}

// tellFailures tells of connections through tunnels of the task that have failed by
// now. They may be why the step did not go well that has just ended.
func (c *callRun) tellFailures() {
	c.tunnels.complain()
	c.task.tunnels.complain()
}

// unopened is why a tunnel could not be opened. Nothing was sent for it.
func (c *callRun) unopened(ctx context.Context, last, err error) error {
	if ctx.Err() == nil {
		if last != nil {
			err = last
		}
		return question(err)
	}
	cause := context.Cause(ctx)
	kind := transport.KindCanceled
	if transport.KindOf(cause) == transport.KindTimeout {
		kind = transport.KindTimeout
		if last != nil {
			cause = fmt.Errorf("%w; %w", cause, withoutOp(last))
		}
	}
	return &transport.Error{Op: "run", Host: c.machine.name, Kind: kind, Err: cause, Stopped: true}
}

// tellState tells people of a tunnel that is away, or back.
func (c *callRun) tellState(s tunnel.Status, away time.Duration) {
	level, what := "info", fmt.Sprintf("is ready again after %s", away.Round(time.Second))
	if s.State == tunnel.StateDown {
		level, what = "warn", "is down, and tried again"
		if s.Err != nil {
			what += ": " + withoutOp(s.Err).Error()
		}
	}
	c.noteTunnel(level, fmt.Sprintf("the tunnel of step %s %s", c.step.Name, what))
}

// tellFailure tells people why a connection through the tunnel failed.
func (c *callRun) tellFailure(err error) {
	c.noteTunnel("warn", fmt.Sprintf("a connection through the tunnel of step %s failed: %s", c.step.Name, withoutOp(err)))
}

func (c *callRun) noteTunnel(level, text string) {
	c.batch.emit(&event.Event{Type: event.Note, Level: level, Host: c.host.Name, Message: c.task.plan.Name + ": " + text})
}
