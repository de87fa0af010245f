package agent

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"fleet/transport"
)

// Listen implements transport.Transport.
func (c *Client) Listen(ctx context.Context, t transport.Target, network, addr string) (net.Listener, error) {
	ln, err := c.listen(ctx, &request{op: opListen, target: t, network: network, addr: addr})
	if err != nil {
		if c.Else != nil && notTaken(err) {
			return c.Else.Listen(ctx, t, network, addr)
		}
		return nil, callError(err, "listen", &t)
	}
	return ln, nil
}

func (c *Client) listen(ctx context.Context, r *request) (*listener, error) {
	k, m, err := c.open(ctx, "listen", r)
	if err != nil {
		return nil, err
	}
	ln := &listener{client: c, call: k, token: m.token, addr: m.local.restored()}
	ln.life, ln.over = context.WithCancelCause(context.WithoutCancel(ctx))
	return ln, nil
}

// A listener is the client's part in one that the agent holds.
type listener struct {
	client *Client
	call   *call
	token  string
	addr   net.Addr
	life   context.Context // ends with Close
	over   context.CancelCauseFunc
	once   sync.Once
	failed error // of Close
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	s, err := l.client.stream(l.life, "accept", &request{op: opAccept, target: l.call.label(), token: l.token})
	if err == nil {
		return s, nil
	}
	if l.life.Err() != nil {
		err = net.ErrClosed
	}
	return nil, &net.OpError{Op: "accept", Net: l.addr.Network(), Addr: l.addr, Err: err}
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return l.addr }

// Close implements net.Listener. It returns when the host no longer listens.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.failed = l.call.finish()
		l.over(net.ErrClosed)
	})
	return l.failed
}

// label is the target for an operation that needs no more of it than the name.
func (k *call) label() transport.Target { return transport.Target{Name: k.request.target.Label()} }

// endTime bounds how long an agent that stands still may hold up the end of what
// it holds; it gives the hosts less.
const endTime = 30 * time.Second

// leave tells the agent that an operation which lasts until then is over.
func (k *call) leave() {
	_ = k.conn.SetDeadline(time.Now().Add(endTime))
	m := gaveUp{kind: transport.KindCanceled, text: "closed"}
	_ = k.send(frameCancel, m.walk)
}

// finish ends an operation that lasts until its client gives it up.
func (k *call) finish() error {
	defer k.end()
	k.leave()
	for {
		kind, p, err := k.next()
		switch {
		case err != nil:
			return nil // the agent has ended, and so has this
		case kind == frameEnd:
			_, err := k.ended(p)
			if errors.Is(err, net.ErrClosed) || transport.KindOf(err) == transport.KindLost {
				err = nil // it has ended before
			}
			return err
		}
	}
}

// Connect implements transport.Transport.
func (c *Client) Connect(ctx context.Context, t transport.Target) (transport.Link, error) {
	k, m, err := c.open(ctx, "connect", &request{op: opConnect, target: t})
	if err != nil {
		if c.Else != nil && notTaken(err) {
			return c.Else.Connect(ctx, t)
		}
		return nil, callError(err, "connect", &t)
	}
	l := &link{client: c, call: k, token: m.token, done: make(chan struct{})}
	go l.watch() // ends with the link
	return l, nil
}

// A link is the client's part in one that the agent holds.
type link struct {
	client *Client
	call   *call
	token  string
	done   chan struct{}
	once   sync.Once

	mu     sync.Mutex
	closed bool  // guarded by mu: Close came before the end
	err    error // guarded by mu: why it is over
}

// watch waits for the end of the link.
func (l *link) watch() {
	err := l.end()
	l.mu.Lock()
	switch {
	case l.closed:
		err = net.ErrClosed
	case transport.KindOf(err) != transport.KindLost:
		err = l.lost("link", err)
	}
	l.err = err
	l.mu.Unlock()
	close(l.done)
}

func (l *link) end() error {
	kind, p, err := l.call.next()
	switch {
	case err != nil:
		return named(err, "link")
	case kind != frameEnd:
		return l.call.lost(errFrame)
	}
	_, err = l.call.ended(p)
	return err
}

func (l *link) lost(op string, err error) error {
	if err == nil {
		err = net.ErrClosed
	}
	return &transport.Error{Op: op, Host: l.call.request.target.Label(), Kind: transport.KindLost, Err: err, Stopped: true}
}

// Done implements transport.Link.
func (l *link) Done() <-chan struct{} { return l.done }

// Err implements transport.Link.
func (l *link) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close implements transport.Link.
func (l *link) Close() error {
	l.once.Do(func() {
		l.mu.Lock()
		l.closed = l.err == nil
		l.mu.Unlock()
		l.call.leave()
		<-l.done
		l.call.end()
	})
	<-l.done
	return nil
}

// request is one for this link.
func (l *link) request(op, network, addr string) *request {
	return &request{op: op, target: l.call.label(), token: l.token, network: network, addr: addr}
}

// failure gives an error of op its kind: where the link is over, that is why.
func (l *link) failure(ctx context.Context, op string, err error) error {
	why := l.Err()
	var host *transport.Error
	switch {
	case ctx.Err() != nil && errors.As(err, &host):
		return err
	case why != nil && errors.As(why, &host):
		return l.lost(op, host.Err)
	case why != nil:
		return l.lost(op, why)
	case errors.Is(err, ErrNotRunning):
		return l.lost(op, errAgentEnded)
	case errors.As(err, &host):
		return err
	}
	return &transport.Error{Op: op, Host: l.call.request.target.Label(), Kind: transport.KindRefused, Err: err, Stopped: true}
}

// Dial implements transport.Link.
func (l *link) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if l.Err() != nil {
		return nil, l.failure(ctx, "dial", nil)
	}
	s, err := l.client.stream(ctx, "dial", l.request(opLinkDial, network, addr))
	if err != nil {
		return nil, l.failure(ctx, "dial", err)
	}
	return s, nil
}

// Listen implements transport.Link.
func (l *link) Listen(ctx context.Context, network, addr string) (net.Listener, error) {
	if l.Err() != nil {
		return nil, l.failure(ctx, "listen", nil)
	}
	ln, err := l.client.listen(ctx, l.request(opLinkListen, network, addr))
	if err != nil {
		return nil, l.failure(ctx, "listen", err)
	}
	return ln, nil
}

// Ping implements transport.Link.
func (l *link) Ping(ctx context.Context) error {
	if l.Err() != nil {
		return l.failure(ctx, "ping", nil)
	}
	if err := l.ping(ctx); err != nil {
		return l.failure(ctx, "ping", err)
	}
	return nil
}

func (l *link) ping(ctx context.Context) error {
	r := l.request(opLinkPing, "", "")
	if ctx.Err() != nil {
		return contextError(ctx, "ping", &r.target)
	}
	k, err := l.client.begin(ctx, r)
	if err != nil {
		return err
	}
	defer k.end()
	kind, p, err := k.next()
	switch {
	case err != nil:
		return named(err, "ping")
	case kind != frameEnd:
		return k.lost(errFrame)
	}
	_, err = k.ended(p)
	return err
}

var (
	_ transport.Link      = (*link)(nil)
	_ transport.Transport = (*Client)(nil)
)
