package sshd

import (
	"net"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
)

// A conn is one connection after the login.
type conn struct {
	srv      *Server
	link     *link
	ssh      *ssh.ServerConn
	channels <-chan ssh.NewChannel
	requests <-chan *ssh.Request

	sessions   atomic.Int32 // slots in use
	outputLeft atomic.Int64 // bytes of output that may still be sent, where cutsOutput is set
	cutsOutput bool

	written, read atomic.Int64 // bytes of file content over sftp, where a fault counts them

	mu       sync.Mutex // guards forwards
	forwards map[string]net.Listener
}

// serve answers the client until the connection ends.
func (c *conn) serve() {
	defer c.closeForwards()
	channels, requests := c.channels, c.requests
	for channels != nil || requests != nil {
		select {
		case nc, ok := <-channels:
			if !ok {
				channels = nil
				continue
			}
			c.open(nc)
		case r, ok := <-requests:
			if !ok {
				requests = nil
				continue
			}
			ok, payload := c.global(r)
			_ = r.Reply(ok, payload)
		}
	}
}

// open answers one channel; it never waits for anything but the network.
func (c *conn) open(nc ssh.NewChannel) {
	switch nc.ChannelType() {
	case "session":
		c.openSession(nc)
	case "direct-tcpip", "direct-streamlocal@openssh.com":
		if c.srv.conf.NoForwarding {
			_ = nc.Reject(ssh.Prohibited, "open failed")
			return
		}
		c.spawn(func() { c.direct(nc) })
	default:
		_ = nc.Reject(ssh.UnknownChannelType, "unsupported channel type")
	}
}

func (c *conn) openSession(nc ssh.NewChannel) {
	limit := c.srv.faults.Load().MaxSessions
	n := int(c.sessions.Add(1))
	if limit < 0 || limit > 0 && n > limit {
		c.sessions.Add(-1)
		// The words and the reason of OpenSSH's session_open failure.
		_ = nc.Reject(ssh.ConnectionFailed, "open failed")
		return
	}
	ch, requests, err := nc.Accept()
	if err != nil {
		c.sessions.Add(-1)
		return
	}
	c.srv.stats.sessions.Add(1)
	c.srv.stats.occupied(n)
	s := &session{conn: c, ch: ch, ended: make(chan struct{}), closed: make(chan struct{})}
	c.spawn(func() { s.serve(requests) })
}

// global answers a global request (RFC 4254 section 4). What is not known
// fails, keepalive@openssh.com too, as with OpenSSH: the answer is the point.
func (c *conn) global(r *ssh.Request) (bool, []byte) {
	switch r.Type {
	case "tcpip-forward":
		return c.listenTCP(r.Payload)
	case "cancel-tcpip-forward":
		return c.cancelTCP(r.Payload), nil
	case "streamlocal-forward@openssh.com":
		return c.listenUnix(r.Payload), nil
	case "cancel-streamlocal-forward@openssh.com":
		return c.cancelUnix(r.Payload), nil
	default:
		return false, nil
	}
}

// spawn runs f in a goroutine that Close waits for. It is called from
// goroutines that Close waits for, so the count cannot be zero here.
func (c *conn) spawn(f func()) {
	c.srv.wg.Add(1)
	go func() {
		defer c.srv.wg.Done()
		f()
	}()
}
