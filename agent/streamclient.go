package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"fleet/transport"
)

// Open implements transport.Transport.
func (c *Client) Open(ctx context.Context, t transport.Target, subsystem string) (io.ReadWriteCloser, error) {
	s, err := c.stream(ctx, "open", &request{op: opOpen, target: t, subsystem: subsystem})
	if err != nil {
		if c.Else != nil && notTaken(err) {
			return c.Else.Open(ctx, t, subsystem)
		}
		return nil, callError(err, "open", &t)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwatch = context.AfterFunc(ctx, func() { _ = s.Close() }) // released by Close; may begin at once
	return s, nil
}

// Dial implements transport.Transport.
func (c *Client) Dial(ctx context.Context, t transport.Target, network, addr string) (net.Conn, error) {
	s, err := c.stream(ctx, "dial", &request{op: opDial, target: t, network: network, addr: addr})
	if err != nil {
		if c.Else != nil && notTaken(err) {
			return c.Else.Dial(ctx, t, network, addr)
		}
		return nil, callError(err, "dial", &t)
	}
	return s, nil
}

// open begins an operation and waits until what it opens is open. From then on ctx
// bounds it no longer.
func (c *Client) open(ctx context.Context, op string, r *request) (*call, *opened, error) {
	if ctx.Err() != nil {
		return nil, nil, contextError(ctx, op, &r.target)
	}
	k, err := c.begin(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	m := &opened{}
	kind, p, err := k.next()
	switch {
	case err != nil:
	case kind == frameEnd:
		if _, err = k.ended(p); err == nil {
			err = k.lost(errFrame)
		}
	case kind != frameReady || decode(p, m.walk) != nil:
		err = k.lost(errFrame)
	default:
		k.unwatch()
		if ctx.Err() == nil {
			return k, m, nil
		}
		err = contextError(ctx, op, &r.target)
	}
	k.end()
	return nil, nil, named(err, op)
}

// named gives the error of a lost agent the name of what was tried.
func named(err error, op string) error {
	var lost *transport.Error
	if errors.Is(err, errAgentEnded) && errors.As(err, &lost) {
		lost.Op = op // it is of this call alone
	}
	return err
}

// stream opens one.
func (c *Client) stream(ctx context.Context, op string, r *request) (*stream, error) {
	k, m, err := c.open(ctx, op, r)
	if err != nil {
		return nil, err
	}
	s := &stream{
		call: k, local: m.local.restored(), remote: m.remote.restored(), ended: make(chan struct{}),
		unwatch: func() bool { return true },
	}
	s.in = newInflow(func(n int) { _ = k.send(frameCredit, func(x *codec) { x.integer(&n) }) })
	go s.receive() // ends with the stream, or when it is closed
	return s, nil
}

// A stream is the client's end. It is a net.Conn without deadlines.
type stream struct {
	call          *call
	in            *inflow
	local, remote net.Addr
	ended         chan struct{} // closed when nothing more is read from the socket
	closing       sync.Once
	writing       sync.Mutex // one Write at a time: the lock stands for the direction

	mu      sync.Mutex
	unwatch func() bool // guarded by mu
	closed  bool        // guarded by mu
	failed  error       // guarded by mu: why nothing more is written
}

// receive takes what the agent sends, without waiting for who reads it.
func (s *stream) receive() {
	defer close(s.ended)
	err := s.receiveAll()
	if err == nil {
		err = io.EOF
	}
	s.stopWriting(err)
	s.in.end(err)
}

func (s *stream) receiveAll() error {
	for {
		kind, p, err := s.call.next()
		switch {
		case err != nil:
			return named(err, "read")
		case kind == frameData && s.in.put(p):
		case kind == frameEOF:
			s.in.end(io.EOF)
		case kind == frameStop:
			var failed error
			if err := decode(p, func(x *codec) { x.failure(&failed) }); err != nil {
				return s.call.lost(err)
			}
			s.stopWriting(failed)
		case kind == frameEnd:
			_, err := s.call.ended(p)
			return err
		default:
			return s.call.lost(errFrame)
		}
	}
}

// stopWriting makes every Write fail. The first reason counts.
func (s *stream) stopWriting(err error) {
	s.mu.Lock()
	if s.failed == nil {
		s.failed = err
	}
	s.mu.Unlock()
	s.call.credit.end()
}

// state is net.ErrClosed after Close, and else why nothing more is written.
func (s *stream) state() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	return s.failed
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	if errors.Is(err, io.ErrClosedPipe) {
		err = net.ErrClosed
	}
	return n, err
}

// Write implements io.Writer.
func (s *stream) Write(p []byte) (sent int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.state(); err != nil {
		return 0, err
	}
	for len(p) > 0 {
		n := s.call.credit.take(min(len(p), maxFrame))
		if n == 0 {
			return sent, s.state()
		}
		if err := s.call.write(frameData, p[:n]); err != nil {
			<-s.ended // the socket has ended for its reader as well, who knows why
			s.stopWriting(err)
			return sent, s.state()
		}
		sent, p = sent+n, p[n:]
	}
	return sent, nil
}

// CloseWrite ends the sending side.
func (s *stream) CloseWrite() error {
	switch err := s.state(); {
	case errors.Is(err, net.ErrClosed):
		return err
	case err != nil:
		return nil // it has ended
	}
	s.stopWriting(io.ErrClosedPipe)
	_ = s.call.write(frameEOF, nil) // where the agent is gone, Read tells
	return nil
}

// closeTime bounds how long an agent that stands still may hold up Close.
const closeTime = 2 * time.Second

// Close implements io.Closer. What was written is delivered all the same.
func (s *stream) Close() error {
	s.closing.Do(func() {
		s.mu.Lock()
		s.closed = true
		unwatch := s.unwatch
		s.mu.Unlock()
		unwatch()
		_ = s.in.Close()
		s.stopWriting(net.ErrClosed)
		_ = s.call.conn.SetWriteDeadline(time.Now().Add(closeTime))
		_ = s.call.write(frameClose, nil)
		s.call.end()
		<-s.ended
	})
	return nil
}

// LocalAddr and RemoteAddr are those that the transport of the agent has.
func (s *stream) LocalAddr() net.Addr { return s.local }

// RemoteAddr implements net.Conn.
func (s *stream) RemoteAddr() net.Addr { return s.remote }

var errNoDeadline = errors.New("deadlines are not supported through the agent")

// SetDeadline implements net.Conn.
func (s *stream) SetDeadline(time.Time) error { return errNoDeadline }

// SetReadDeadline implements net.Conn.
func (s *stream) SetReadDeadline(time.Time) error { return errNoDeadline }

// SetWriteDeadline implements net.Conn.
func (s *stream) SetWriteDeadline(time.Time) error { return errNoDeadline }

var _ net.Conn = (*stream)(nil)
