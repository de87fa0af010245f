package sshd

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// Payloads of RFC 4254 section 7 and OpenSSH's PROTOCOL section 2.4.
type (
	directTCP struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	directUnix struct {
		Path     string
		Reserved string
		Zero     uint32
	}
	forwardTCP struct {
		Host string
		Port uint32
	}
	forwardUnix   struct{ Path string }
	forwardedUnix struct{ Path, Reserved string }
)

// direct connects a channel to where the client wants to go.
func (c *conn) direct(nc ssh.NewChannel) {
	network, addr := "unix", ""
	if nc.ChannelType() == "direct-tcpip" {
		var m directTCP
		if ssh.Unmarshal(nc.ExtraData(), &m) != nil {
			_ = nc.Reject(ssh.ConnectionFailed, "bad request")
			return
		}
		network, addr = "tcp", net.JoinHostPort(m.Host, strconv.FormatUint(uint64(m.Port), 10))
	} else {
		var m directUnix
		if ssh.Unmarshal(nc.ExtraData(), &m) != nil {
			_ = nc.Reject(ssh.ConnectionFailed, "bad request")
			return
		}
		addr = m.Path
	}
	to, err := (&net.Dialer{}).DialContext(c.srv.ctx, network, addr)
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, reason(err))
		return
	}
	ch, requests, err := nc.Accept()
	if err != nil {
		_ = to.Close()
		return
	}
	c.splice(ch, requests, to)
}

// reason is the text of the error as OpenSSH sends it: the bare words of
// strerror(3).
func reason(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "Name or service not known"
	case errors.As(err, &errno) && errno.Error() != "":
		text := errno.Error()
		return strings.ToUpper(text[:1]) + text[1:]
	default:
		return "Connect failed"
	}
}

// splice moves bytes both ways, keeping half-closes, until both sides are done
// or one is gone.
func (c *conn) splice(ch ssh.Channel, requests <-chan *ssh.Request, to net.Conn) {
	defer context.AfterFunc(c.srv.ctx, func() { _ = to.Close() })()
	up := make(chan struct{})
	c.spawn(func() {
		defer close(up)
		if c.srv.buffers.copy(to, ch) != nil {
			c.srv.buffers.discard(ch)
		}
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	})
	gone := make(chan struct{})
	c.spawn(func() {
		defer close(gone)
		for r := range requests {
			_ = r.Reply(false, nil)
		}
		// The channel is closed. What it still holds is delivered first, as
		// OpenSSH does; then whoever reads from to has nobody to read for.
		<-up
		_ = to.Close()
	})
	_ = c.srv.buffers.copy(ch, to)
	_ = ch.CloseWrite()
	<-up
	_ = ch.Close()
	<-gone
}

// listenTCP answers tcpip-forward. The listener is always on loopback, as with
// GatewayPorts off.
func (c *conn) listenTCP(payload []byte) (bool, []byte) {
	var m forwardTCP
	if c.srv.conf.NoForwarding || ssh.Unmarshal(payload, &m) != nil || m.Port > 65535 {
		return false, nil
	}
	bind := "127.0.0.1"
	if m.Host == "::1" {
		bind = "::1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(bind, strconv.FormatUint(uint64(m.Port), 10)))
	if err != nil {
		return false, nil
	}
	port := uint32(l.Addr().(*net.TCPAddr).Port)
	if !c.keep(tcpKey(m.Host, port), l) {
		return false, nil
	}
	c.spawn(func() {
		c.accept(l, func(nc net.Conn) (string, []byte) {
			from := nc.RemoteAddr().(*net.TCPAddr)
			return "forwarded-tcpip", ssh.Marshal(directTCP{m.Host, port, from.IP.String(), uint32(from.Port)})
		})
	})
	if m.Port == 0 {
		return true, ssh.Marshal(struct{ Port uint32 }{port})
	}
	return true, nil
}

// listenUnix answers streamlocal-forward@openssh.com.
func (c *conn) listenUnix(payload []byte) bool {
	var m forwardUnix
	if c.srv.conf.NoForwarding || ssh.Unmarshal(payload, &m) != nil {
		return false
	}
	l, err := net.Listen("unix", m.Path)
	if err != nil || !c.keep("unix "+m.Path, l) {
		return false
	}
	c.spawn(func() {
		c.accept(l, func(net.Conn) (string, []byte) {
			return "forwarded-streamlocal@openssh.com", ssh.Marshal(forwardedUnix{Path: m.Path})
		})
	})
	return true
}

// accept opens a channel for everything that connects to l, until it is closed.
func (c *conn) accept(l net.Listener, describe func(net.Conn) (string, []byte)) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		c.spawn(func() {
			kind, extra := describe(nc)
			ch, requests, err := c.ssh.OpenChannel(kind, extra)
			if err != nil {
				_ = nc.Close()
				return
			}
			c.splice(ch, requests, nc)
		})
	}
}

func (c *conn) cancelTCP(payload []byte) bool {
	var m forwardTCP
	return ssh.Unmarshal(payload, &m) == nil && c.cancel(tcpKey(m.Host, m.Port))
}

func (c *conn) cancelUnix(payload []byte) bool {
	var m forwardUnix
	return ssh.Unmarshal(payload, &m) == nil && c.cancel("unix "+m.Path)
}

func tcpKey(host string, port uint32) string {
	return "tcp " + net.JoinHostPort(host, strconv.FormatUint(uint64(port), 10))
}

// keep notes a listener so that it ends with the connection.
func (c *conn) keep(key string, l net.Listener) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, dup := c.forwards[key]; dup {
		_ = l.Close()
		return false
	}
	if c.forwards == nil {
		c.forwards = make(map[string]net.Listener)
	}
	c.forwards[key] = l
	return true
}

func (c *conn) cancel(key string) bool {
	c.mu.Lock()
	l, ok := c.forwards[key]
	delete(c.forwards, key)
	c.mu.Unlock()
	return ok && l.Close() == nil
}

func (c *conn) closeForwards() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, l := range c.forwards {
		_ = l.Close()
		delete(c.forwards, key)
	}
}
