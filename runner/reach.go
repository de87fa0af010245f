package runner

import (
	"context"
	"errors"

	"fleet/inventory"
	"fleet/tasks"
	"fleet/transport"
)

// prepare finds the machine, and makes sure that the host has its place.
func (c *callRun) prepare(ctx context.Context) error {
	if err := c.place.Enter(ctx); err != nil {
		return canceled(err)
	}
	var err error
	c.machine, err = c.run.machine(ctx, c.host, c.call, c.place)
	return err
}

// machine is where a call for h is carried out.
func (r *planRun) machine(ctx context.Context, h *inventory.Host, c *tasks.Call, place transport.Place) (*machine, error) {
	if c.Local {
		m := &machine{name: "local", target: transport.Target{Name: "local"}, transport: r.cfg.Local}
		if c.Become != "" {
			m.become = &transport.Become{User: c.Become}
		}
		return m, nil
	}
	if c.On != nil {
		h = c.On
	}
	target, err := r.target(ctx, h)
	if err != nil {
		return nil, unprepared(ctx, err)
	}
	m := &machine{name: h.Name, target: target, transport: r.cfg.Transport, place: place}
	if _, opens := c.Action.(*tasks.Tunnel); opens && len(c.Guards) == 0 {
		return m, nil // it runs nothing, so nobody has to be asked for a password
	}
	if m.become, err = r.become(ctx, h, c.Become); err != nil {
		return nil, unprepared(ctx, err)
	}
	return m, nil
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
	v, err := w.run.cfg.Facts.From(ctx, target, w.place)
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
