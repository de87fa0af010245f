package runner

import (
	"context"
	"sync/atomic"

	"fleet/pool/transfer"
	"fleet/transport"
)

// remotes are the files of a host, as the users see them for whom a step has
// transferred some. They stay open for the next step of the same user: to open them
// costs more round trips than many a step. They are for one goroutine, and closed
// when the host gives its place up, for they hold a session of its connection. The
// zero value is ready.
type remotes struct {
	open map[string]*openRemote // by user
}

// An openRemote is one of them.
type openRemote struct {
	*transfer.Remote
	traffic passing
}

// A passing is the traffic of a connection that outlives a step: it counts for the
// step that is carried out.
type passing struct{ to atomic.Pointer[limits] }

func (p *passing) moved(n int) {
	if l := p.to.Load(); l != nil {
		l.moved(n)
	}
}

// use calls do with the files of m, which it opens where they are not. keep lets
// them stay open, unless do fails. The limits count from when the machine has been
// reached.
func (r *remotes) use(ctx context.Context, m *machine, l *limits, keep bool, do func(*transfer.Remote) error) error {
	user := userOf(m)
	one := r.open[user]
	if one != nil && keep {
		l.start()
	} else {
		var err error
		if one, err = openFiles(ctx, m, l); err != nil {
			return err
		}
	}
	one.traffic.to.Store(l)
	err := do(one.Remote)
	one.traffic.to.Store(nil)
	switch {
	case keep && err == nil:
		if r.open == nil {
			r.open = map[string]*openRemote{}
		}
		r.open[user] = one
	default:
		if keep {
			delete(r.open, user)
		}
		_ = one.Close() // what was to be done is done, or has an error of its own
	}
	return err
}

// userOf is the user whose rights count on m; empty where that is the login user.
func userOf(m *machine) string {
	if m.become == nil {
		return ""
	}
	return m.become.User
}

// has reports whether the files of m are open from a step before.
func (r *remotes) has(m *machine) bool { return r.open[userOf(m)] != nil }

// openFiles reaches the files of m.
func openFiles(ctx context.Context, m *machine, l *limits) (*openRemote, error) {
	one := new(openRemote)
	one.traffic.to.Store(l)
	h := &transfer.Host{
		Transport: &watchedTransport{Transport: m.transport, traffic: &one.traffic},
		Target:    m.target, Become: m.become, Place: m.place, Connected: l.start,
	}
	var err error
	if one.Remote, err = transfer.Open(ctx, h); err != nil {
		return nil, err
	}
	l.start()
	return one, nil
}

// close gives all of them back.
func (r *remotes) close() {
	for user, one := range r.open {
		delete(r.open, user)
		_ = one.Close() // which has nothing left to say
	}
}

// leavePlace leaves the place of the host to others while it waits: see [place.giveUp].
func (w *hostWalk) leavePlace() {
	w.remotes.close()
	w.place.giveUp()
}

// transferError is err as that of an attempt which ctx may have ended. What remains
// of a transfer when it returns is a file that nobody else looks at: nothing of it
// runs any more.
func transferError(ctx context.Context, m *machine, begun bool, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	kind := transport.KindCanceled
	if transport.KindOf(context.Cause(ctx)) == transport.KindTimeout {
		kind = transport.KindTimeout
	}
	return &transport.Error{Op: "run", Host: m.name, Kind: kind, Err: context.Cause(ctx), Sent: begun, Stopped: true}
}
