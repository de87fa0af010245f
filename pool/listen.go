package pool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// backlog is how many connections may wait to be accepted on one listener.
const backlog = 128

// A remoteListener is a listener on a host. The connections that arrive there are
// channels that the server opens; x/crypto's own listener stops the whole
// connection when they are not accepted at once.
type remoteListener struct {
	link    *link
	network string // "tcp" or "unix"
	host    string // as asked for; the path of a Unix socket
	queue   chan ssh.NewChannel
	settled chan struct{} // closed when the server has answered
	done    chan struct{} // closed by Close
	once    sync.Once

	// Written before settled is closed.
	port  uint32 // as the server chose it, where 0 was asked for
	err   error
	bound bool // guarded by link.mu: the server listens
}

// Listen implements transport.Link.
func (l *link) Listen(ctx context.Context, network, addr string) (net.Listener, error) {
	ln := &remoteListener{
		link: l, network: "tcp", queue: make(chan ssh.NewChannel, backlog),
		settled: make(chan struct{}), done: make(chan struct{}),
	}
	err := context.Cause(ctx)
	switch network {
	case "tcp", "tcp4", "tcp6":
		if err == nil {
			ln.host, ln.port, err = splitAddr(addr)
		}
		if ln.host == "*" {
			ln.host = "" // all addresses: RFC 4254 section 7.1
		}
	case "unix":
		ln.network, ln.host = network, addr
	default:
		err = fmt.Errorf("network %q is not known", network)
	}
	if err != nil {
		return nil, l.failure(ctx, "listen", err)
	}
	l.mu.Lock()
	l.asking++
	l.mu.Unlock()
	go l.ask(ln) // ends with the answer or with the connection
	select {
	case <-ln.settled:
		err = ln.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-l.conn.ended:
		err = net.ErrClosed
	}
	if err != nil {
		go ln.giveUp()
		return nil, l.failure(ctx, "listen", err)
	}
	return ln, nil
}

// ask has the server listen.
func (l *link) ask(ln *remoteListener) {
	ok, reply, err := l.conn.ssh.SendRequest(ln.request(), true, ln.payload())
	port := ln.port
	if ok && ln.network == "tcp" && port == 0 {
		var chosen struct{ Port uint32 }
		err = ssh.Unmarshal(reply, &chosen)
		port = chosen.Port
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		ln.err = err
	case !ok:
		ln.err = ln.refused()
	default:
		ln.bound = true
		l.listeners = append(l.listeners, ln)
	}
	ln.port = port
	close(ln.settled)
	l.asking--
	strays := l.strays
	l.strays = nil
	for _, ch := range strays {
		l.sort(ch)
	}
}

// refused is the server's no, which has no reason in it.
func (ln *remoteListener) refused() error {
	if ln.network == "tcp" && ln.port == 0 {
		return errors.New("it does not listen on any port: this is not allowed there (AllowTcpForwarding, PermitListen of its sshd)")
	}
	return fmt.Errorf("it does not listen on %q: the address is in use, or this is not allowed there", ln.text(ln.port))
}

// giveUp closes a listener that nobody waits for any more.
func (ln *remoteListener) giveUp() {
	select {
	case <-ln.settled:
		_ = ln.Close()
	case <-ln.link.conn.ended:
	}
}

// take deals with a channel that the server opens. It does not wait.
func (l *link) take(ch ssh.NewChannel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sort(ch)
}

// sort finds the listener of a channel; l.mu is held.
func (l *link) sort(ch ssh.NewChannel) {
	ln, known := l.find(ch)
	switch {
	case ln != nil:
		select {
		case ln.queue <- ch:
		default:
			l.refuse(ch, ssh.ResourceShortage, "too many connections wait to be accepted")
		}
	case known && l.asking > 0 && len(l.strays) < backlog:
		l.strays = append(l.strays, ch) // faster than the answer with its port
	default:
		l.refuse(ch, ssh.Prohibited, "not asked for")
	}
}

// A refusal is a channel to turn away, and what the server is told.
type refusal struct {
	ch   ssh.NewChannel
	why  ssh.RejectionReason
	text string
}

// refusalsMax bounds the channels that wait to be turned away. A server that opens
// more of them, and does not read that it may not, is not one to go on with.
const refusalsMax = 8 * backlog

// refuse turns a channel away; l.mu is held. That sends a packet, and waits as long
// as the server does not read: another goroutine does it, one for all.
func (l *link) refuse(ch ssh.NewChannel, why ssh.RejectionReason, text string) {
	if len(l.refusals) == refusalsMax {
		go l.conn.close(errFlood) // ends at once; not under the lock
		return
	}
	l.refusals = append(l.refusals, refusal{ch, why, text})
	if !l.refusing {
		l.refusing = true
		go l.sendRefusals() // ends with the last of them, or with the connection
	}
}

var errFlood = errors.New("the server opens connections without end, and does not read the answers")

func (l *link) sendRefusals() {
	for {
		l.mu.Lock()
		all := l.refusals
		l.refusals = nil
		l.refusing = len(all) > 0
		l.mu.Unlock()
		if len(all) == 0 {
			return
		}
		for _, r := range all {
			_ = r.ch.Reject(r.why, r.text)
		}
	}
}

// find is the listener that a channel is for; known is unset where the kind of the
// channel is not one of ours. l.mu is held. Some servers do not repeat the address
// as it was asked for: the port alone is enough where one listener has it.
func (l *link) find(ch ssh.NewChannel) (ln *remoteListener, known bool) {
	var same []*remoteListener
	switch ch.ChannelType() {
	case "forwarded-tcpip":
		var m tcpChannel
		if ssh.Unmarshal(ch.ExtraData(), &m) != nil {
			return nil, false
		}
		for _, ln := range l.listeners {
			if ln.network == "tcp" && ln.port == m.Port {
				if ln.host == m.Host {
					return ln, true
				}
				same = append(same, ln)
			}
		}
	case "forwarded-streamlocal@openssh.com":
		var m struct{ Path, Reserved string }
		if ssh.Unmarshal(ch.ExtraData(), &m) != nil {
			return nil, false
		}
		for _, ln := range l.listeners {
			if ln.network == "unix" && ln.host == m.Path {
				return ln, true
			}
		}
	default:
		return nil, false
	}
	if len(same) == 1 {
		return same[0], true
	}
	return nil, true
}

// Accept implements net.Listener.
func (ln *remoteListener) Accept() (net.Conn, error) {
	select {
	case <-ln.done:
		return nil, ln.over()
	default:
	}
	select {
	case ch := <-ln.queue:
		sc, reqs, err := ch.Accept()
		if err != nil {
			return nil, lostError(&ln.link.target, "accept", ln.link.conn.why(), false)
		}
		go ssh.DiscardRequests(reqs) // ends with the channel
		return ln.link.conn.channelConn(sc, &ln.link.target, ln.Addr(), origin(ch)), nil
	case <-ln.done:
		return nil, ln.over()
	case <-ln.link.conn.ended:
		return nil, ln.over()
	}
}

// over is why nothing more is accepted.
func (ln *remoteListener) over() error {
	err := ln.link.Err()
	if err == nil {
		err = net.ErrClosed
	}
	return &net.OpError{Op: "accept", Net: ln.network, Addr: ln.Addr(), Err: err}
}

// origin is where a forwarded connection came from, as far as the server tells.
func origin(ch ssh.NewChannel) net.Addr {
	var m tcpChannel
	if ch.ChannelType() == "forwarded-tcpip" && ssh.Unmarshal(ch.ExtraData(), &m) == nil {
		if ip, err := netip.ParseAddr(m.Origin); err == nil && m.OriginPort <= 65535 {
			return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(m.OriginPort)))
		}
	}
	return &net.UnixAddr{Name: "@", Net: "unix"}
}

// Addr implements net.Listener.
func (ln *remoteListener) Addr() net.Addr {
	if ln.network == "unix" {
		return &net.UnixAddr{Name: ln.host, Net: "unix"}
	}
	if ip, err := netip.ParseAddr(ln.host); err == nil {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(ln.port)))
	}
	return hostAddr(ln.text(ln.port))
}

// A hostAddr is a TCP address with a name, or with none for all addresses.
type hostAddr string

func (hostAddr) Network() string  { return "tcp" }
func (a hostAddr) String() string { return string(a) }

func (ln *remoteListener) text(port uint32) string {
	if ln.network == "unix" {
		return ln.host
	}
	return net.JoinHostPort(ln.host, fmt.Sprint(port))
}

// Close implements net.Listener: the server stops listening, and what was accepted
// goes on. A server that does not answer is not waited for.
func (ln *remoteListener) Close() error {
	ln.once.Do(func() {
		l := ln.link
		l.mu.Lock()
		bound := ln.bound
		l.listeners = slices.DeleteFunc(l.listeners, func(other *remoteListener) bool { return other == ln })
		ln.drain()
		l.mu.Unlock()
		close(ln.done)
		if !bound {
			return
		}
		answered := make(chan struct{})
		go func() { // ends with the answer or with the connection
			defer close(answered)
			_, _, _ = l.conn.ssh.SendRequest("cancel-"+ln.request(), true, ln.payload())
		}()
		late := time.NewTimer(closeWait)
		defer late.Stop()
		select {
		case <-answered:
		case <-l.conn.ended:
		case <-late.C:
		}
	})
	return nil
}

// drain turns away those who were not accepted; link.mu is held.
func (ln *remoteListener) drain() {
	l := ln.link
	for {
		select {
		case ch := <-ln.queue:
			l.refuse(ch, ssh.Prohibited, "no longer listening")
		default:
			return
		}
	}
}

// request and payload are the words for the server: RFC 4254 section 7.1, and
// OpenSSH PROTOCOL section 2.4.
func (ln *remoteListener) request() string {
	if ln.network == "unix" {
		return "streamlocal-forward@openssh.com"
	}
	return "tcpip-forward"
}

func (ln *remoteListener) payload() []byte {
	if ln.network == "unix" {
		return ssh.Marshal(struct{ Path string }{ln.host})
	}
	return ssh.Marshal(struct {
		Host string
		Port uint32
	}{ln.host, ln.port})
}

var _ transport.Link = (*link)(nil)
