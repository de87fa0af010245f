package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// dial opens a channel to addr, as seen from the host.
func (c *conn) dial(ctx context.Context, network, addr string) (*channelConn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return c.dialTCP(ctx, addr)
	case "unix":
		return c.dialUnix(ctx, addr)
	default:
		return nil, fmt.Errorf("network %q is not known", network)
	}
}

// dialTCP opens a direct-tcpip channel (RFC 4254 section 7.2).
func (c *conn) dialTCP(ctx context.Context, addr string) (*channelConn, error) {
	host, port, err := splitAddr(addr)
	if err != nil {
		return nil, err
	}
	return c.forward(ctx, "direct-tcpip", addr, ssh.Marshal(tcpChannel{host, port, "127.0.0.1", 0}))
}

// dialUnix opens a channel to a Unix socket on the host (OpenSSH PROTOCOL
// section 2.4).
func (c *conn) dialUnix(ctx context.Context, path string) (*channelConn, error) {
	return c.forward(ctx, "direct-streamlocal@openssh.com", path, ssh.Marshal(struct {
		Path     string
		Reserved string
		Port     uint32
	}{path, "", 0}))
}

// A tcpChannel is what the opening of a channel says, to the host
// (direct-tcpip) and from there (forwarded-tcpip): RFC 4254 section 7.2.
type tcpChannel struct {
	Host       string
	Port       uint32
	Origin     string
	OriginPort uint32
}

func splitAddr(addr string) (host string, port uint32, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port %q is not a number up to 65535", text)
	}
	return host, uint32(n), nil
}

func (c *conn) forward(ctx context.Context, kind, addr string, extra []byte) (*channelConn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c.mu.Lock()
	o := c.open(nil, kind, extra)
	c.mu.Unlock()
	select {
	case <-o.done:
	case <-ctx.Done():
		go o.discard()
		return nil, context.Cause(ctx)
	case <-c.ended:
		go o.discard()
		return nil, lostError(c.target, "dial", c.why(), false)
	}
	switch {
	case o.err == nil:
		go ssh.DiscardRequests(o.reqs) // ends with the channel
		return c.channelConn(o.ch, c.target, c.ssh.LocalAddr(), channelAddr(addr)), nil
	case wasLost(o.err):
		return nil, lostError(c.target, "dial", c.why(), false)
	default:
		return nil, forwardError(addr, o.err)
	}
}

// A channelConn makes a channel a net.Conn. It has no deadlines: close it to
// end a Read or Write. Where Read gives io.EOF, the other side has said so; what
// a lost connection cuts off ends with an error of kind lost.
type channelConn struct {
	ssh.Channel
	local, remote net.Addr
	onEnd         io.Closer
	conn          *conn             // under it; nil where its loss is told as io.EOF
	target        *transport.Target // has the name for errors
	closed        chan struct{}     // closed by Close
	once          sync.Once         // closes closed
}

func (c *conn) channelConn(ch ssh.Channel, t *transport.Target, local, remote net.Addr) *channelConn {
	return &channelConn{Channel: ch, local: local, remote: remote, conn: c, target: t, closed: make(chan struct{})}
}

// Read implements io.Reader.
func (c *channelConn) Read(p []byte) (int, error) {
	n, err := c.Channel.Read(p)
	if n == 0 && errors.Is(err, io.EOF) {
		err = c.end("read")
	}
	return n, err
}

// Write implements io.Writer. It gives io.EOF where the other side has closed the
// channel.
func (c *channelConn) Write(p []byte) (int, error) {
	n, err := c.Channel.Write(p)
	if errors.Is(err, io.EOF) {
		err = c.end("write")
	}
	return n, err
}

// end is what io.EOF of the channel stands for.
func (c *channelConn) end(op string) error {
	if c.conn == nil {
		return io.EOF
	}
	goesOn := c.conn.wire.life.goesOn(c.closed)
	select {
	case <-c.closed:
		return net.ErrClosed
	default:
	}
	if goesOn {
		return io.EOF
	}
	why := c.conn.why()
	if errors.Is(why, net.ErrClosed) {
		return net.ErrClosed
	}
	return lostError(c.target, op, why, true)
}

type channelAddr string

func (channelAddr) Network() string  { return "ssh" }
func (a channelAddr) String() string { return string(a) }

func (c *channelConn) LocalAddr() net.Addr  { return c.local }
func (c *channelConn) RemoteAddr() net.Addr { return c.remote }

// Close closes the channel, and with it what was opened only for it.
func (c *channelConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	err := c.Channel.Close()
	if c.onEnd != nil {
		_ = c.onEnd.Close()
	}
	if errors.Is(err, io.EOF) {
		err = nil // the other side was faster
	}
	return err
}

var errNoDeadline = fmt.Errorf("deadlines are not supported on an SSH channel")

func (c *channelConn) SetDeadline(time.Time) error      { return errNoDeadline }
func (c *channelConn) SetReadDeadline(time.Time) error  { return errNoDeadline }
func (c *channelConn) SetWriteDeadline(time.Time) error { return errNoDeadline }
