package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"fleet/internal/forward"
	"fleet/transport"
)

// An entrance listens here and hands what it accepts to the host (-L, -D).
type entrance struct {
	set      *Set
	line     *line
	row      *row
	rule     forward.Rule
	listener *listener
	waiting  atomic.Int64
}

const (
	// waitingMax bounds the connections that wait for the link: each holds a
	// descriptor, and the link needs one to come back.
	waitingMax = 256
	// socksLimit is the time a SOCKS client has to say where it wants to go.
	socksLimit = 30 * time.Second
)

// accept serves what comes until ctx is over.
func (e *entrance) accept(ctx context.Context) {
	defer context.AfterFunc(ctx, e.listener.close)()
	failures := 0
	for {
		nc, err := e.listener.Accept()
		switch {
		case err == nil:
			failures = 0
			e.set.work.Go(func() { e.serve(ctx, nc) })
		case ctx.Err() != nil, errors.Is(err, net.ErrClosed):
			return
		default:
			// No descriptors are left, or little memory: others may end.
			e.row.complain(fmt.Errorf("accept: %w", err))
			failures++
			if !sleep(ctx, acceptBackoff(failures)) {
				return
			}
		}
	}
}

// acceptBackoff is the time after so many failures in a row.
func acceptBackoff(failures int) time.Duration {
	return min(5*time.Millisecond<<min(failures, 10), time.Second)
}

// sleep reports whether d passed before ctx was over.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// serve is the life of one connection.
func (e *entrance) serve(ctx context.Context, near net.Conn) {
	defer e.row.count()()
	to, asked := e.rule.To, (*socksRequest)(nil)
	if e.rule.Kind.IsDynamic() {
		var err error
		if asked, to, err = request(ctx, near, e.rule.Permit); err != nil {
			e.row.complain(err)
			_ = near.Close()
			return
		}
	}
	held := hold(ctx, near)
	far, now, err := e.reach(held.ctx, to)
	ahead := held.release()
	if err != nil {
		e.refuse(ctx, near, asked, err)
		return
	}
	if asked != nil {
		if err := asked.grant(ctx, far.RemoteAddr()); err != nil {
			_ = far.Close()
			_ = near.Close()
			return
		}
	}
	if err := e.set.pass(now.life, near, far, ahead, e.row); err != nil && !cut(now.life, err) {
		e.row.complain(err)
	}
}

// refuse ends a connection that cannot be carried on. Where the host is away it
// is reset, as if nobody listened.
func (e *entrance) refuse(ctx context.Context, near net.Conn, asked *socksRequest, err error) {
	if ctx.Err() == nil && !errors.Is(err, errGaveUp) {
		e.row.complain(err)
	}
	if asked != nil {
		asked.deny(ctx, err)
	} else if transport.KindOf(err) != transport.KindRefused {
		reset(near)
	}
	_ = near.Close()
}

// reach connects from the host to where the connection is to go, as soon as there
// is a link. ctx ends where nobody waits for it any more.
func (e *entrance) reach(ctx context.Context, to forward.Endpoint) (net.Conn, current, error) {
	for {
		now, err := e.await(ctx)
		if err != nil {
			return nil, now, err
		}
		far, err := now.link.Dial(ctx, to.Network, to.Address)
		if err == nil {
			return far, now, nil
		}
		if transport.KindOf(err) != transport.KindLost || e.line.onDown == Refuse || ctx.Err() != nil {
			return nil, now, err
		}
		// Nothing was sent yet: it can have the next link, once this one is
		// known to be gone.
		select {
		case <-now.life.Done():
		case <-ctx.Done():
			return nil, now, context.Cause(ctx)
		}
	}
}

// await returns the link of the moment. Those who have to wait for one are counted.
func (e *entrance) await(ctx context.Context) (current, error) {
	if now, _, err := e.line.present(); err != nil || now.link != nil {
		return now, err
	}
	if n := e.waiting.Add(1); n > waitingMax {
		e.waiting.Add(-1)
		return current{}, fmt.Errorf("%d connections wait for the host already", waitingMax)
	}
	defer e.waiting.Add(-1)
	return e.line.link(ctx)
}
