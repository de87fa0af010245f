package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"
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
	o := &opening{done: make(chan struct{})}
	go func() { // ends with the server's answer or with the connection
		defer close(o.done)
		o.ch, o.reqs, o.err = c.ssh.OpenChannel(kind, extra)
	}()
	select {
	case <-o.done:
	case <-ctx.Done():
		go o.discard()
		return nil, context.Cause(ctx)
	case <-c.ended:
		go o.discard()
		return nil, lostError(&c.site.target, "dial", c.why(), false)
	}
	switch {
	case o.err == nil:
		return newChannelConn(o.ch, o.reqs, c.ssh.LocalAddr(), channelAddr(addr)), nil
	case wasLost(o.err):
		return nil, lostError(&c.site.target, "dial", c.why(), false)
	default:
		return nil, forwardError(addr, o.err)
	}
}

// A channelConn makes a channel a net.Conn. It has no deadlines: close it to
// end a Read or Write.
type channelConn struct {
	ssh.Channel
	local, remote net.Addr
	onEnd         io.Closer
}

func newChannelConn(ch ssh.Channel, reqs <-chan *ssh.Request, local, remote net.Addr) *channelConn {
	go ssh.DiscardRequests(reqs) // ends with the channel
	return &channelConn{Channel: ch, local: local, remote: remote}
}

type channelAddr string

func (channelAddr) Network() string  { return "ssh" }
func (a channelAddr) String() string { return string(a) }

func (c *channelConn) LocalAddr() net.Addr  { return c.local }
func (c *channelConn) RemoteAddr() net.Addr { return c.remote }

// Close closes the channel, and with it what was opened only for it.
func (c *channelConn) Close() error {
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
