package runner

import (
	"context"
	"errors"

	"fleet/tasks"
	"fleet/transport"
)

// prepare finds the machine, and makes sure that the host has its place.
func (c *callRun) prepare(ctx context.Context) error {
	if err := c.place.Enter(ctx); err != nil {
		return canceled(err)
	}
	if c.call.Local {
		c.machine = &machine{name: "local", target: transport.Target{Name: "local"}, transport: c.run.cfg.Local}
		if c.call.Become != "" {
			c.machine.become = &transport.Become{User: c.call.Become}
		}
		return nil
	}
	host := c.host
	if c.call.On != nil {
		host = c.call.On
	}
	target, err := c.run.target(ctx, host)
	if err != nil {
		return unprepared(ctx, err)
	}
	become, err := c.run.become(ctx, host, c.call.Become)
	if err != nil {
		return unprepared(ctx, err)
	}
	c.machine = &machine{name: host.Name, target: target, transport: c.run.cfg.Transport, become: become, place: c.place}
	return nil
}

// unprepared is err, which may have come from the end of ctx.
func unprepared(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return canceled(context.Cause(ctx))
	}
	return err
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
