package runner

import (
	"context"
	"io"
	"net"

	"fleet/transport"
)

// watchTraffic makes what goes over t count as progress. Of a transfer of files
// that is all there is to see: it prints nothing before it has ended. It is called
// before the count starts.
func (l *limits) watchTraffic(t transport.Transport) transport.Transport {
	if l.idle <= 0 {
		return t
	}
	l.quiet = "nothing moved"
	return &watchedTransport{Transport: t, limits: l}
}

// A watchedTransport tells the limits of every byte that goes over it.
type watchedTransport struct {
	transport.Transport
	limits *limits
}

// Run implements transport.Transport.
func (t *watchedTransport) Run(ctx context.Context, target transport.Target, c *transport.Command) (transport.Status, error) {
	watched := *c
	watched.Stdout, watched.Stderr = t.limits.watch(c.Stdout), t.limits.watch(c.Stderr)
	if c.Stdin != nil {
		watched.Stdin = &watchedReader{t.limits, c.Stdin}
	}
	return t.Transport.Run(ctx, target, &watched)
}

// Open implements transport.Transport.
func (t *watchedTransport) Open(ctx context.Context, target transport.Target, subsystem string) (io.ReadWriteCloser, error) {
	s, err := t.Transport.Open(ctx, target, subsystem)
	if err != nil {
		return nil, err
	}
	return &watchedStream{s, t.limits}, nil
}

// Dial implements transport.Transport.
func (t *watchedTransport) Dial(ctx context.Context, target transport.Target, network, addr string) (net.Conn, error) {
	c, err := t.Transport.Dial(ctx, target, network, addr)
	if err != nil {
		return nil, err
	}
	return &watchedConn{c, t.limits}, nil
}

// A watchedStream is a stream of which the limits are told.
type watchedStream struct {
	io.ReadWriteCloser
	limits *limits
}

func (s *watchedStream) Read(p []byte) (int, error) {
	n, err := s.ReadWriteCloser.Read(p)
	s.limits.moved(n)
	return n, err
}

func (s *watchedStream) Write(p []byte) (int, error) {
	n, err := s.ReadWriteCloser.Write(p)
	s.limits.moved(n)
	return n, err
}

// A watchedConn is a connection of which the limits are told.
type watchedConn struct {
	net.Conn
	limits *limits
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.limits.moved(n)
	return n, err
}

func (c *watchedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.limits.moved(n)
	return n, err
}

// A watchedReader is the input of a command.
type watchedReader struct {
	limits *limits
	from   io.Reader
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.limits.moved(n)
	return n, err
}

// Close lets a Run that is stopped end a Read that waits.
func (r *watchedReader) Close() error {
	if c, ok := r.from.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// moved notes that n bytes went over the connection.
func (l *limits) moved(n int) {
	if n > 0 {
		l.progress()
	}
}
