package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

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
	s := &stream{channelConn: l.channelConn(ch, &t, l.ssh.LocalAddr(), channelAddr(subsystem)), ended: make(chan struct{})}
	go func() { // ends with the channel
		defer close(s.ended)
		ssh.DiscardRequests(reqs)
	}()
	life, end := context.WithCancel(ctx)
	s.onEnd = closer(func() {
		end()
		l.release()
	})
	context.AfterFunc(life, func() { _ = s.Close() }) // may begin at once, so it comes last
	ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{subsystem}))
	if err == nil && ok {
		return s, nil
	}
	_ = s.Close()
	if ctx.Err() != nil {
		return nil, l.openError(ctx, &t, ctx.Err())
	}
	if err == nil {
		err = fmt.Errorf("the server has no subsystem %q", subsystem)
	}
	return nil, &transport.Error{Op: "open", Host: t.Label(), Kind: transport.KindRefused, Err: err, Stopped: true}
}

// A stream is the channel of a subsystem.
type stream struct {
	*channelConn
	ended  chan struct{} // closed when the server has closed the channel, or the connection has ended
	ending sync.Once
}

// streamWait is how long a server may take to close a channel. What is on its way
// comes first, which is up to a window.
const streamWait = 10 * time.Second

// Close closes the channel. A server that does not answer that keeps a Read or Write
// no longer than streamWait: then the connection is ended.
func (s *stream) Close() error {
	var err error
	s.ending.Do(func() {
		late := time.AfterFunc(streamWait, func() {
			s.conn.close(fmt.Errorf("%w: a session did not close", errGone))
		})
		go func() { // ends with the channel, which late sees to
			<-s.ended
			late.Stop()
		}()
		err = s.channelConn.Close()
	})
	return err
}

// Dial implements transport.Transport.
func (p *Pool) Dial(ctx context.Context, t transport.Target, network, addr string) (net.Conn, error) {
	l, err := p.lease(ctx, &t, forChannels)
	if err != nil {
		return nil, err
	}
	nc, err := l.dial(ctx, network, addr)
	if err != nil {
		l.release()
		return nil, channelError(ctx, &t, "dial", err)
	}
	nc.target, nc.onEnd = &t, closer(l.release)
	return nc, nil
}

// Listen implements transport.Transport. Each listener has a connection of its
// own.
func (p *Pool) Listen(ctx context.Context, t transport.Target, network, addr string) (net.Listener, error) {
	l, err := p.Connect(ctx, t)
	if err != nil {
		return nil, err
	}
	ln, err := l.Listen(ctx, network, addr)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &listener{Listener: ln, link: l}, nil
}

// A listener ends its connection when it is closed.
type listener struct {
	net.Listener
	link transport.Link
}

// Close ends the listener and every connection accepted from it.
func (l *listener) Close() error { return l.link.Close() }

func (p *Pool) lease(ctx context.Context, t *transport.Target, sessions int) (*lease, error) {
	s, err := p.site(t)
	if err != nil {
		return nil, failure(t, "connect", err)
	}
	l, err := s.lease(ctx, t, sessions, nil)
	if err != nil {
		return nil, leaseError(ctx, t, err)
	}
	return l, nil
}

// channelError is a channel that the host refused to open, or could not.
func channelError(ctx context.Context, t *transport.Target, op string, err error) error {
	e := &transport.Error{Op: op, Host: t.Label(), Kind: transport.KindRefused, Err: err, Stopped: true}
	var lost *transport.Error
	switch {
	case errors.As(err, &lost):
		e.Kind, e.Err = lost.Kind, lost.Err
	case ctx.Err() != nil:
		e.Kind, e.Err = causeKind(ctx), context.Cause(ctx)
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
