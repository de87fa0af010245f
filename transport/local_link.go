package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
)

// Connect implements Transport: a link to this machine.
func (Local) Connect(ctx context.Context, t Target) (Link, error) {
	if ctx.Err() != nil {
		return nil, localLinkError(ctx, t, "connect", context.Cause(ctx))
	}
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	return &localLink{target: t, life: life, end: end, open: make(map[io.Closer]struct{})}, nil
}

// A localLink keeps what was opened by it, to close it.
type localLink struct {
	target Target
	life   context.Context // ends with the link
	end    context.CancelCauseFunc

	mu   sync.Mutex
	over bool                   // guarded by mu
	open map[io.Closer]struct{} // guarded by mu
}

// Dial implements Link.
func (l *localLink) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := l.bound(ctx)
	defer cancel()
	var d net.Dialer
	nc, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, l.failure(ctx, "dial", err)
	}
	return l.keep("dial", nc)
}

// Listen implements Link.
func (l *localLink) Listen(ctx context.Context, network, addr string) (net.Listener, error) {
	ctx, cancel := l.bound(ctx)
	defer cancel()
	if ctx.Err() != nil { // an address without a name is listened on all the same
		return nil, l.failure(ctx, "listen", context.Cause(ctx))
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network, addr)
	if err != nil {
		return nil, l.failure(ctx, "listen", err)
	}
	if !l.add(ln) {
		return nil, errors.Join(l.lost("listen"), ln.Close())
	}
	return &localListener{Listener: ln, link: l}, nil
}

// Ping implements Link.
func (l *localLink) Ping(ctx context.Context) error {
	switch {
	case l.Err() != nil:
		return l.lost("ping")
	case ctx.Err() != nil:
		return localLinkError(ctx, l.target, "ping", context.Cause(ctx))
	}
	return nil
}

// Done implements Link.
func (l *localLink) Done() <-chan struct{} { return l.life.Done() }

// Err implements Link.
func (l *localLink) Err() error { return context.Cause(l.life) }

// Close implements Link.
func (l *localLink) Close() error {
	l.mu.Lock()
	open := l.open
	l.over, l.open = true, nil
	l.mu.Unlock()
	l.end(net.ErrClosed)
	for c := range open {
		_ = c.Close()
	}
	return nil
}

// bound is ctx, ended by the end of the link.
func (l *localLink) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.life, func() { cancel(net.ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

func (l *localLink) add(c io.Closer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.open[c] = struct{}{}
	return true
}

func (l *localLink) forget(c io.Closer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

func (l *localLink) keep(op string, nc net.Conn) (net.Conn, error) {
	if !l.add(nc) {
		return nil, errors.Join(l.lost(op), nc.Close())
	}
	return &localConn{Conn: nc, link: l}, nil
}

func (l *localLink) lost(op string) error {
	return &Error{Op: op, Host: l.target.Label(), Kind: KindLost, Err: net.ErrClosed, Stopped: true}
}

func (l *localLink) failure(ctx context.Context, op string, err error) error {
	if l.Err() != nil {
		return l.lost(op)
	}
	return localLinkError(ctx, l.target, op, err)
}

func localLinkError(ctx context.Context, t Target, op string, err error) error {
	kind := KindRefused
	if ctx.Err() != nil {
		kind, err = KindCanceled, context.Cause(ctx)
		if KindOf(err) == KindTimeout {
			kind = KindTimeout
		}
	}
	return &Error{Op: op, Host: t.Label(), Kind: kind, Err: err, Stopped: true}
}

// A localListener hands what it accepts to the link to keep.
type localListener struct {
	net.Listener
	link *localLink
}

// Accept implements net.Listener.
func (l *localListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.link.keep("accept", nc)
}

// Close implements net.Listener.
func (l *localListener) Close() error {
	l.link.forget(l.Listener)
	return l.Listener.Close()
}

// A localConn is closed with its link.
type localConn struct {
	net.Conn
	link *localLink
}

// Close implements net.Conn.
func (c *localConn) Close() error {
	c.link.forget(c.Conn)
	return c.Conn.Close()
}

// CloseWrite ends the sending side.
func (c *localConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
