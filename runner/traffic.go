package runner

import (
	"context"
	"io"
	"net"

	"fleet/transport"
)

// A traffic is told of what moves over a connection. Of a transfer of files that is
// all there is to see: it prints nothing before it has ended.
type traffic interface{ moved(n int) }

// moved implements traffic: what moves is progress.
func (l *limits) moved(n int) {
	if n > 0 {
		l.progress()
	}
}

// watchTraffic makes what goes over t count as progress. It is called before the
// count starts.
func (l *limits) watchTraffic(t transport.Transport) transport.Transport {
	l.quiet = "nothing moved"
	if l.idle <= 0 {
		return t
	}
	return &watchedTransport{Transport: t, traffic: l}
}

// A watchedTransport tells of every byte that goes over it.
type watchedTransport struct {
	transport.Transport
	traffic traffic
}

// Run implements transport.Transport.
func (t *watchedTransport) Run(ctx context.Context, target transport.Target, c *transport.Command) (transport.Status, error) {
	one := *c
	one.Stdout, one.Stderr = t.output(c.Stdout), t.output(c.Stderr)
	if c.Stdin != nil {
		one.Stdin = &watchedReader{t.traffic, c.Stdin}
	}
	return t.Transport.Run(ctx, target, &one)
}

func (t *watchedTransport) output(w io.Writer) io.Writer {
	if w == nil {
		w = io.Discard
	}
	return &watchedWriter{t.traffic, w}
}

// Open implements transport.Transport.
func (t *watchedTransport) Open(ctx context.Context, target transport.Target, subsystem string) (io.ReadWriteCloser, error) {
	s, err := t.Transport.Open(ctx, target, subsystem)
	if err != nil {
		return nil, err
	}
	return &watchedStream{s, t.traffic}, nil
}

// Dial implements transport.Transport.
func (t *watchedTransport) Dial(ctx context.Context, target transport.Target, network, addr string) (net.Conn, error) {
	c, err := t.Transport.Dial(ctx, target, network, addr)
	if err != nil {
		return nil, err
	}
	return &watchedConn{c, t.traffic}, nil
}

// A watchedStream is a stream that tells of what moves.
type watchedStream struct {
	io.ReadWriteCloser
	traffic traffic
}

func (s *watchedStream) Read(p []byte) (int, error) {
	n, err := s.ReadWriteCloser.Read(p)
	s.traffic.moved(n)
	return n, err
}

func (s *watchedStream) Write(p []byte) (int, error) {
	n, err := s.ReadWriteCloser.Write(p)
	s.traffic.moved(n)
	return n, err
}

// A watchedConn is a connection that tells of what moves.
type watchedConn struct {
	net.Conn
	traffic traffic
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.traffic.moved(n)
	return n, err
}

func (c *watchedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.traffic.moved(n)
	return n, err
}

// A watchedWriter is the output of a command.
type watchedWriter struct {
	traffic traffic
	to      io.Writer
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	w.traffic.moved(len(p))
	return w.to.Write(p)
}

// A watchedReader is the input of a command.
type watchedReader struct {
	traffic traffic
	from    io.Reader
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.traffic.moved(n)
	return n, err
}

// Close lets a Run that is stopped end a Read that waits.
func (r *watchedReader) Close() error {
	if c, ok := r.from.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
