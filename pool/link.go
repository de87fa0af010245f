package pool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// Connect implements transport.Transport.
func (p *Pool) Connect(ctx context.Context, t transport.Target) (transport.Link, error) {
	s, err := p.site(&t)
	if err != nil || !p.begin() {
		return nil, failure(&t, "connect", errClosed)
	}
	defer p.work.Done()
	bound, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.ctx, func() { cancel(context.Cause(p.ctx)) })
	defer stop()
	defer cancel(nil)
	var at atomic.Int32
	d, err := p.dial(bound, &t, &at)
	if err != nil {
		p.forget(s)
		if late := givenUp(ctx); late != nil {
			err = fmt.Errorf("%s: %w", phase(at.Load()).of(&t), late)
			return nil, &transport.Error{Op: "connect", Host: t.Label(), Kind: givenUpKind(late), Err: err, Stopped: true}
		}
		return nil, leaseError(ctx, &t, err)
	}
	return newLink(s, t, d), nil
}

// givenUp is why the caller waits no longer; nil while it does. The timers of the
// network may be a little faster than those of ctx.
func givenUp(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if limit, ok := ctx.Deadline(); ok && !time.Now().Before(limit) {
		return context.DeadlineExceeded
	}
	return nil
}

func givenUpKind(cause error) transport.Kind {
	if transport.KindOf(cause) == transport.KindTimeout {
		return transport.KindTimeout
	}
	return transport.KindCanceled
}

// A link is a connection that belongs to one caller. It implements
// transport.Link.
type link struct {
	conn   *conn
	target transport.Target
	gone   chan struct{} // closed when nothing of it is left

	mu        sync.Mutex
	closed    bool              // guarded by mu: Close was called
	listeners []*remoteListener // guarded by mu
	asking    int               // guarded by mu: calls of Listen without an answer
	strays    []ssh.NewChannel  // guarded by mu: may belong to a listener that was asked for
	refusals  []refusal         // guarded by mu: channels to turn away
	refusing  bool              // guarded by mu: one goroutine does so
	probe     *probe            // guarded by mu: the round trip under way
}

// newLink takes over an authenticated connection and serves it until it ends.
func newLink(s *site, t transport.Target, d *dialed) *link {
	c := handOver(s, d)
	c.private = true
	l := &link{conn: c, target: t, gone: make(chan struct{})}
	s.pool.keep(c)
	s.pool.work.Go(func() {
		defer close(l.gone)
		c.answer(d.chans, d.reqs, l.take)
		c.bury()
	})
	if s.pool.ctx.Err() != nil {
		c.close(errClosed)
	}
	return l
}

// Dial implements transport.Link.
func (l *link) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := l.conn.dial(ctx, network, addr)
	if err != nil {
		return nil, l.failure(ctx, "dial", err)
	}
	nc.target = &l.target
	return nc, nil
}

// Done implements transport.Link.
func (l *link) Done() <-chan struct{} { return l.conn.ended }

// Err implements transport.Link.
func (l *link) Err() error {
	if !l.conn.hasEnded() {
		return nil
	}
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return net.ErrClosed
	}
	return lostError(&l.target, "link", l.conn.why(), false)
}

// Close implements transport.Link.
func (l *link) Close() error {
	if !l.conn.hasEnded() { // else what is on it is to hear why it ended
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		l.conn.close(net.ErrClosed)
	}
	<-l.gone
	return nil
}

// failure gives an error of op its kind.
func (l *link) failure(ctx context.Context, op string, err error) error {
	if l.conn.hasEnded() && context.Cause(ctx) == nil {
		return lostError(&l.target, op, l.conn.why(), false)
	}
	return channelError(ctx, &l.target, op, err)
}

// A probe is a request that is sent for its answer. x/crypto has no limit of time
// for it, and sends one at a time, so those who wait share it.
type probe struct {
	done chan struct{} // closed when err is final
	err  error
}

// Ping implements transport.Link.
func (l *link) Ping(ctx context.Context) error {
	l.mu.Lock()
	p := l.probe
	if p == nil {
		p = &probe{done: make(chan struct{})}
		l.probe = p
		go l.sendProbe(p) // ends with the answer or with the connection
	}
	l.mu.Unlock()
	err := errors.New("no answer")
	select {
	case <-p.done:
		err = p.err
	case <-l.conn.ended:
	case <-ctx.Done():
	}
	if err != nil {
		return l.failure(ctx, "ping", err)
	}
	return nil
}

func (l *link) sendProbe(p *probe) {
	// Servers answer success or failure; both are a sign of life.
	start := time.Now()
	_, _, p.err = l.conn.ssh.SendRequest("keepalive@openssh.com", true, nil)
	if p.err == nil {
		l.conn.roundTrip(time.Since(start))
	}
	l.mu.Lock()
	l.probe = nil
	l.mu.Unlock()
	close(p.done)
}
