package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// Open implements transport.Transport: it starts a subsystem.
func (p *Pool) Open(ctx context.Context, t transport.Target, subsystem string) (io.ReadWriteCloser, error) {
	l, err := p.lease(ctx, &t, forSession)
	if err != nil {
		return nil, err
	}
	ch, reqs, err := l.session(ctx)
	if err != nil {
		defer l.release()
		return nil, l.openError(ctx, &t, err)
	}
	go ssh.DiscardRequests(reqs) // ends with the channel
	ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{subsystem}))
	if err != nil || !ok {
		_ = ch.Close()
		l.release()
		if err == nil {
			err = fmt.Errorf("the server has no subsystem %q", subsystem)
		}
		return nil, &transport.Error{Op: "open", Host: t.Label(), Kind: transport.KindRefused, Err: err, Stopped: true}
	}
	stop := context.AfterFunc(ctx, func() { _ = ch.Close() })
	return &channelConn{Channel: ch, local: l.ssh.LocalAddr(), remote: channelAddr(subsystem), onEnd: closer(func() {
		stop()
		l.release()
	})}, nil
}

// Dial implements transport.Transport.
func (p *Pool) Dial(ctx context.Context, t transport.Target, network, addr string) (net.Conn, error) {
	l, err := p.lease(ctx, &t, forChannels)
	if err != nil {
		return nil, err
	}
	var nc net.Conn
	switch network {
	case "tcp", "tcp4", "tcp6":
		nc, err = l.dialTCP(ctx, addr)
	case "unix":
		nc, err = l.dialUnix(ctx, addr)
	default:
		err = fmt.Errorf("network %q is not known", network)
	}
	if err != nil {
		l.release()
		return nil, channelError(&t, "dial", err)
	}
	nc.(*channelConn).onEnd = closer(l.release)
	return nc, nil
}

// Listen implements transport.Transport. Each listener has a connection of its
// own: connections that are not accepted in time hold up everything else on
// theirs.
func (p *Pool) Listen(ctx context.Context, t transport.Target, network, addr string) (net.Listener, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "unix":
	default:
		return nil, &transport.Error{Op: "listen", Host: t.Label(), Kind: transport.KindRefused, Err: fmt.Errorf("network %q is not known", network), Stopped: true}
	}
	s, err := p.site(&t)
	if err != nil || !p.begin() {
		return nil, failure(&t, "listen", errClosed)
	}
	defer p.work.Done()
	ln, err := p.dial(s, new(atomic.Int32))
	if err != nil {
		return nil, leaseError(ctx, &t, err)
	}
	c, client := newListening(s, ln)
	stop := context.AfterFunc(ctx, func() { c.close(context.Cause(ctx)) })
	l, err := client.Listen(network, addr)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.close(err)
		return nil, channelError(&t, "listen", err)
	}
	return &listener{Listener: l, conn: c}, nil
}

// newListening serves a connection for a listener: x/crypto's Client knows how
// to hand out what arrives.
func newListening(s *site, ln *link) (*conn, *ssh.Client) {
	c := &conn{site: s, ssh: ln.ssh, wire: ln.wire, parent: ln.parent, ended: make(chan struct{})}
	c.beat = startKeepalive(c, &s.target.Link)
	client := ssh.NewClient(ln.ssh, ln.chans, ln.reqs)
	unhook := context.AfterFunc(s.pool.ctx, func() { c.close(errClosed) })
	s.pool.work.Go(func() {
		_ = client.Wait()
		unhook()
		c.bury()
	})
	return c, client
}

// A listener ends its connection when it is closed.
type listener struct {
	net.Listener
	conn *conn
}

// Close ends the listener and every connection accepted from it.
func (l *listener) Close() error {
	l.conn.close(net.ErrClosed)
	<-l.conn.ended
	return nil
}

func (p *Pool) lease(ctx context.Context, t *transport.Target, sessions int) (*lease, error) {
	s, err := p.site(t)
	if err != nil {
		return nil, failure(t, "connect", err)
	}
	l, err := s.lease(ctx, sessions, nil)
	if err != nil {
		return nil, leaseError(ctx, t, err)
	}
	return l, nil
}

// channelError is a channel that the host refused to open, or could not.
func channelError(t *transport.Target, op string, err error) error {
	e := &transport.Error{Op: op, Host: t.Label(), Kind: transport.KindRefused, Err: err, Stopped: true}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Kind = transport.KindOf(err)
	case isClosed(err):
		e.Kind = transport.KindLost
	}
	return e
}

type closer func()

func (f closer) Close() error {
	f()
	return nil
}
