package pool

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// A conn is one authenticated connection.
type conn struct {
	site   *site
	target *transport.Target // of the one who dialed; labels what nobody asked for
	since  time.Time         // the login, by the wall clock
	ssh    ssh.Conn
	wire   *wire
	parent *lease // on the jump host's connection; nil where there is none
	ended  chan struct{}
	trace  *tracer      // nil without a trace
	rtt    atomic.Int64 // the last round trip that was measured; 0 before the first

	private bool // a link's: it belongs to one caller, and is lent to nobody

	// Guarded by site.mu.
	active  int         // sessions in use
	limit   int         // sessions allowed
	uses    int         // leases held, for sessions and for forwarded channels
	used    time.Time   // when the last lease ended, by the wall clock
	retired bool        // lent to nobody any more; it ends with its last use
	linger  *time.Timer // closes it when unused

	mu     sync.Mutex
	cause  error      // why we closed it, first reason wins; guarded by mu
	ours   bool       // we closed it; guarded by mu
	ahead  []*opening // session channels opened ahead, oldest first; guarded by mu
	scarce bool       // the server refused one of those; guarded by mu
	buried bool       // nothing more is opened; guarded by mu
	beat   *keepalive

	openers sync.WaitGroup // those who wait for the server's answer to an opening
}

// newConn takes over an authenticated connection and serves it until it ends.
func newConn(s *site, ln *dialed) *conn {
	c := handOver(s, ln)
	c.limit = sessionsOn(ln.ssh.ServerVersion(), s.pool.cfg.Sessions)
	s.pool.keep(c)
	s.pool.work.Go(func() {
		c.answer(ln.chans, ln.reqs, func(ch ssh.NewChannel) { _ = ch.Reject(ssh.Prohibited, "not asked for") })
		c.bury()
	})
	return c
}

// handOver makes a connection of what a dial came to.
func handOver(s *site, ln *dialed) *conn {
	now := s.pool.now()
	c := &conn{
		site: s, target: ln.target, since: now, used: now, ssh: ln.ssh, wire: ln.wire, parent: ln.parent,
		ended: make(chan struct{}), trace: ln.trace,
	}
	c.beat = startKeepalive(c, &ln.target.Link)
	return c
}

// sessionsOn is how many sessions one connection is to have at most. Dropbear
// confuses sessions that begin while others end: it closes some without running
// their command.
func sessionsOn(version []byte, wanted int) int {
	if strings.Contains(string(version), "dropbear") {
		return 1
	}
	return wanted
}

// answer replies to what the server asks, until the connection ends: take gets
// the channels it opens, and must not wait. One goroutine for both kinds: x/crypto
// stops reading when either is left waiting.
func (c *conn) answer(chans <-chan ssh.NewChannel, reqs <-chan *ssh.Request, take func(ssh.NewChannel)) {
	for chans != nil || reqs != nil {
		select {
		case ch, ok := <-chans:
			if !ok {
				chans = nil
				continue
			}
			take(ch)
		case r, ok := <-reqs:
			if !ok {
				reqs = nil
				continue
			}
			_ = r.Reply(false, nil) // also the answer to keepalive@openssh.com
		}
	}
}

// bury deals with the end of the connection.
func (c *conn) bury() {
	c.beat.stop()
	_ = c.wire.Close()
	c.traceEnd()
	close(c.ended)
	c.site.pool.lose(c)
	c.site.drop(c)
	if c.parent != nil {
		c.parent.release()
	}
	c.mu.Lock()
	c.buried = true
	c.mu.Unlock()
	c.awaitOpeners()
}

// awaitOpeners lets those end who wait for an answer that does not come any more.
// One whose channel is made while x/crypto ends the others may be overlooked there,
// so they are not waited for without a limit.
func (c *conn) awaitOpeners() {
	done := make(chan struct{})
	go func() { // ends with the openers
		c.openers.Wait()
		close(done)
	}()
	late := time.NewTimer(closeWait)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	}
}

// close ends the connection for a reason, which its users will see. It does
// not wait; the goroutine of serve does what is left to do.
func (c *conn) close(cause error) {
	c.mu.Lock()
	if c.cause == nil {
		c.cause = cause
	}
	c.ours = true
	c.mu.Unlock()
	c.site.pool.cfg.Logger.Debug("close", "host", c.target.Label(), "cause", cause)
	_ = c.ssh.Close()
}

// traceEnd tells how the connection ended, for a trace.
func (c *conn) traceEnd() {
	if c.trace == nil {
		return
	}
	c.mu.Lock()
	ours, cause := c.ours, c.cause
	c.mu.Unlock()
	switch {
	case ours && (cause == nil || errors.Is(cause, errClosed)):
		c.trace.step("close", "the connection is closed, by fleet")
	case ours:
		c.trace.fail("close", lostError(c.target, "run", cause, false))
	default:
		c.trace.fail("close", lostError(c.target, "run", c.ssh.Wait(), false))
	}
}

// hasEnded reports whether the connection is gone.
func (c *conn) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// why is the reason for which the connection ended.
func (c *conn) why() error {
	c.mu.Lock()
	cause := c.cause
	c.mu.Unlock()
	if cause != nil {
		return cause
	}
	if c.hasEnded() {
		return c.ssh.Wait()
	}
	return nil
}

// sessionLeads reports whether the server is known to make each session the
// leader of its own process group. OpenSSH's sshd calls setsid(2) for each.
func (c *conn) sessionLeads() bool {
	return strings.Contains(string(c.ssh.ServerVersion()), "OpenSSH")
}

// startLinger closes the connection after d without use. site.mu is held.
func (c *conn) startLinger(d time.Duration) {
	if d < 0 {
		return
	}
	c.stopLinger()
	c.linger = time.AfterFunc(d, func() {
		s := c.site
		s.mu.Lock()
		unused := c.uses == 0
		if unused {
			s.remove(c)
		}
		s.mu.Unlock()
		if unused {
			c.close(nil)
		}
	})
}

// stopLinger keeps the connection. site.mu is held.
func (c *conn) stopLinger() {
	if c.linger != nil {
		c.linger.Stop()
		c.linger = nil
	}
}
