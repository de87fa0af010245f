package tunnel

import (
	"context"
	"fmt"
	"net"
	"time"

	"fleet/internal/forward"
	"fleet/transport"
)

// An exit listens on the host and connects here what comes (-R).
type exit struct {
	set    *Set
	target transport.Target
	row    *row
	rule   forward.Rule
	listen forward.Endpoint // with the real port once that is known
	mark   string           // of the socket that we made on the host
	bound  bool             // it listened when its link was last heard of
}

// listenLimit is the time for the host to answer whether it listens.
const listenLimit = 10 * time.Second

// A lateError is a limit of time that has passed, in words for users.
type lateError struct{ limit time.Duration }

func (e lateError) Error() string { return fmt.Sprintf("no answer within %s", e.limit) }

// Is makes it a timeout to whoever asks for the kind of the error.
func (lateError) Is(target error) bool { return target == context.DeadlineExceeded }

// serve listens for as long as the link lives. An error is why that is over, or
// cannot be.
func (x *exit) serve(life context.Context, link transport.Link, l *line) error {
	p := new(pace)
	for attempt := 1; ; attempt++ {
		x.row.trying(attempt)
		ln, err := x.bind(life, link)
		if life.Err() != nil {
			if err == nil {
				_ = ln.Close()
			}
			return nil
		}
		if err == nil {
			p.reset()
			l.wasUp, x.bound = true, true
			attempt = 0
			x.row.ready(x.listen)
			err = x.accept(life, ln)
			_ = ln.Close()
			if life.Err() != nil {
				x.bound = link.Err() == nil
				return nil
			}
			x.bound = false
		}
		if !l.wasUp || transport.KindOf(err) != transport.KindRefused {
			return err
		}
		// Often it is our own last connection that still holds the port,
		// until the host finds out that it is dead.
		wait := p.next(err)
		x.row.away(err, attempt, time.Now().Add(wait))
		if !sleep(life, wait) {
			return nil
		}
	}
}

// bind listens on the host. Where a socket of ours is left over, it is removed.
func (x *exit) bind(life context.Context, link transport.Link) (net.Listener, error) {
	ctx, cancel := context.WithTimeoutCause(life, listenLimit, lateError{listenLimit})
	defer cancel()
	ln, err := link.Listen(ctx, x.listen.Network, x.listen.Address)
	if err != nil && x.listen.IsUnix() && x.mark != "" && transport.KindOf(err) == transport.KindRefused {
		if x.removeSocket(ctx) {
			ln, err = link.Listen(ctx, x.listen.Network, x.listen.Address)
		}
	}
	if err != nil {
		return nil, err
	}
	if x.listen.IsUnix() {
		x.mark = x.markSocket(ctx)
	} else if at := (forward.Endpoint{Network: "tcp", Address: ln.Addr().String()}); at.Port() > 0 {
		x.listen = x.listen.WithPort(at.Port())
	}
	return ln, nil
}

// accept serves what comes until life is over, or the host does not listen any
// more.
func (x *exit) accept(life context.Context, ln net.Listener) error {
	defer context.AfterFunc(life, func() { _ = ln.Close() })()
	for {
		far, err := ln.Accept()
		if err != nil {
			return &transport.Error{Op: "listen", Host: x.target.Label(), Kind: transport.KindRefused, Err: err, Stopped: true}
		}
		x.set.work.Go(func() { x.connect(life, far) })
	}
}

// connect is the life of one connection.
func (x *exit) connect(life context.Context, far net.Conn) {
	defer x.row.count()()
	to, asked := x.rule.To, (*socksRequest)(nil)
	if x.rule.Kind.IsDynamic() {
		var err error
		if asked, to, err = request(life, far, x.rule.Permit); err != nil {
			x.row.complain(err)
			_ = far.Close()
			return
		}
	}
	near, err := (&net.Dialer{Timeout: listenLimit}).DialContext(life, to.Network, to.Address)
	if asked != nil {
		if err != nil {
			asked.deny(life, err)
		} else if gerr := asked.grant(life, near.RemoteAddr()); gerr != nil {
			_ = near.Close()
			err = gerr
		}
	}
	if err == nil {
		err = x.set.pass(life, near, far, nil, x.row)
	}
	_ = far.Close()
	if err != nil && !cut(life, err) {
		x.row.complain(err)
	}
}
