package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// reach opens the byte stream to the target: directly, through the last host
// of the jump chain, or by a proxy command.
func (d *dialing) reach(ctx context.Context) (net.Conn, error) {
	t := d.target
	switch {
	case t.Proxy != "":
		d.trace.step("proxy", t.Proxy)
		return startProxy(t.Proxy)
	case len(t.Jump) > 0:
		return d.reachThrough(ctx)
	}
	network := t.Link.Family
	if network == "" {
		network = "tcp"
	}
	var dialer net.Dialer
	if d.trace != nil {
		dialer.Control = func(_, addr string, _ syscall.RawConn) error {
			d.trace.address(t.Address, addr)
			return nil
		}
	}
	nc, err := dialer.DialContext(ctx, network, t.Addr())
	if err == nil {
		d.trace.step("tcp", fmt.Sprintf("connected from %s to %s", nc.LocalAddr(), nc.RemoteAddr()))
	}
	return nc, err
}

// reachThrough opens a forwarded channel on the connection to the last jump
// host, which all hosts behind it share. A jump host that could not be reached
// fails them all, for a while, without another try.
func (d *dialing) reachThrough(ctx context.Context) (net.Conn, error) {
	chain := d.target.Jump
	hop := chain[len(chain)-1]
	if len(chain) > 1 {
		hop.Jump = chain[:len(chain)-1]
	}
	s, err := d.pool.site(&hop)
	if err != nil {
		return nil, err
	}
	l, err := s.leaseJump(ctx)
	if err != nil {
		if at, dialing := s.dialPhase(); dialing && ctx.Err() != nil { // its limit is ours, and ours was first
			err = fmt.Errorf("%s: %w", at, err)
		}
		return nil, d.behind(&hop, err)
	}
	d.parent = l
	nc, err := l.dialTCP(ctx, d.target.Addr())
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("it got no answer from %s: %w", d.target.Addr(), err)
		}
		return nil, d.behind(&hop, err)
	}
	d.trace.step("jump", fmt.Sprintf("channel through %s to %s", hop.Label(), d.target.Addr()))
	return nc, nil
}

// behind is the failure of a host that a jump host stands in front of.
func (d *dialing) behind(hop *transport.Target, err error) error {
	kind := transport.KindOf(err)
	if kind != transport.KindCanceled {
		kind = transport.KindUnreachable
	}
	e := &transport.Error{Op: "connect", Host: d.target.Label(), Kind: kind, Stopped: true, Hint: hintFrom(err)}
	e.Err = fmt.Errorf("via %s: %w", hop.Label(), withoutHost(err))
	return e
}

// dialTCP opens a direct-tcpip channel (RFC 4254 section 7.2).
func (c *conn) dialTCP(ctx context.Context, addr string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	var port uint32
	if _, err := fmt.Sscan(portText, &port); err != nil {
		return nil, fmt.Errorf("port %q is not a number", portText)
	}
	return c.forward(ctx, "direct-tcpip", addr, ssh.Marshal(struct {
		Host       string
		Port       uint32
		Origin     string
		OriginPort uint32
	}{host, port, "127.0.0.1", 0}))
}

// dialUnix opens a channel to a Unix socket on the host (OpenSSH PROTOCOL
// section 2.4).
func (c *conn) dialUnix(ctx context.Context, path string) (net.Conn, error) {
	return c.forward(ctx, "direct-streamlocal@openssh.com", path, ssh.Marshal(struct {
		Path     string
		Reserved string
		Port     uint32
	}{path, "", 0}))
}

func (c *conn) forward(ctx context.Context, kind, addr string, extra []byte) (net.Conn, error) {
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
	}
	if o.err != nil {
		return nil, forwardError(addr, o.err)
	}
	go ssh.DiscardRequests(o.reqs) // ends with the channel
	return &channelConn{Channel: o.ch, local: c.ssh.LocalAddr(), remote: channelAddr(addr)}, nil
}

// A channelConn makes a channel a net.Conn. It has no deadlines: close it to
// end a Read or Write.
type channelConn struct {
	ssh.Channel
	local  net.Addr
	remote channelAddr
	onEnd  io.Closer
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
