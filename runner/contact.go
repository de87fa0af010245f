package runner

import (
	"context"
	"time"

	"fleet/event"
	"fleet/inventory"
	"fleet/transport"
)

// contactTime bounds how long a host may take for nothing.
const contactTime = 30 * time.Second

// reach reports why h cannot be reached. It is asked once; who wants to know at the
// same time waits without a place, as whoever asks may need it.
func (l *looking) reach(ctx context.Context, h *inventory.Host, place *place) error {
	l.mu.Lock()
	c, asked := l.contacts[h.Name], true
	if c == nil {
		c, asked = &contact{done: make(chan struct{})}, false
		l.contacts[h.Name] = c
	}
	l.mu.Unlock()
	if !asked {
		defer close(c.done)
		c.err = l.touch(ctx, h, place)
		return c.err
	}
	select {
	case <-c.done:
		return c.err
	default:
	}
	if place != nil {
		place.giveUp()
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		return canceled(context.Cause(ctx))
	}
	if place != nil {
		if err := place.Enter(ctx); err != nil {
			return canceled(err)
		}
	}
	return c.err
}

// touch has h run nothing.
func (l *looking) touch(ctx context.Context, h *inventory.Host, place *place) error {
	target, err := l.run.target(ctx, h)
	if err != nil {
		return unprepared(ctx, err)
	}
	m := &machine{name: h.Name, target: target, transport: l.run.cfg.Transport, place: asPlace(place)}
	_, _, err = m.ask(ctx, contactTime, &transport.Command{Script: ":"})
	return question(err)
}

// loses notes that a host was lost after it had been reached, if err says so.
func (l *looking) loses(name string, err error) bool {
	e := new(event.Event)
	failure(e, question(err))
	if e.Outcome != event.Unreachable {
		return false
	}
	gone := &contact{done: make(chan struct{}), err: question(err)}
	close(gone.done)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.contacts[name] = gone
	return true
}

// unreached is why the host could not be reached; nil where nobody asked.
func (l *looking) unreached(name string) error {
	l.mu.Lock()
	c := l.contacts[name]
	l.mu.Unlock()
	if c == nil {
		return nil
	}
	select {
	case <-c.done:
		return c.err
	default:
		return nil // who delegates to it asks just now
	}
}

// asPlace is p as the transport takes it.
func asPlace(p *place) transport.Place {
	if p == nil {
		return nil
	}
	return p
}
