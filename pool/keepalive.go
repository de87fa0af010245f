package pool

import (
	"fmt"
	"sync"
	"time"

	"fleet/transport"
)

// Defaults of ssh_config ServerAliveInterval and ServerAliveCountMax, as fleet
// has them: a dead link is found after a minute.
const (
	keepaliveEvery = 15 * time.Second
	keepaliveMax   = 3
	// staleAfter is after how many intervals without a sign of life an unused
	// connection is not trusted any more. On one that lives, a probe is answered
	// in each.
	staleAfter = 2
)

// A keepalive finds out that a server is gone. Any received byte counts as a
// sign of life; only a connection on which nothing arrived is probed.
//
// A probe blocks its goroutine until the answer, or the end of the connection
// (x/crypto has no time limit), so one probe is under way at most, and time is
// kept apart from it.
type keepalive struct {
	conn  *conn
	every time.Duration
	limit int

	mu       sync.Mutex
	timer    *time.Timer
	stopped  bool
	received int64 // at the last tick
	missed   int   // ticks since something arrived
	probing  bool
	heard    time.Time // when something was known to have arrived, by the wall clock
}

// startKeepalive watches c as link says; it ends with stop.
func startKeepalive(c *conn, link *transport.LinkOptions) *keepalive {
	k := &keepalive{conn: c, every: link.Keepalive, limit: link.KeepaliveMax, heard: c.since}
	if k.every == 0 {
		k.every = keepaliveEvery
	}
	if k.limit <= 0 {
		k.limit = keepaliveMax
	}
	if k.every > 0 {
		k.mu.Lock()
		k.timer = time.AfterFunc(k.every, k.tick)
		k.mu.Unlock()
	}
	return k
}

func (k *keepalive) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	if k.timer != nil {
		k.timer.Stop()
	}
}

// stale reports whether nothing was heard for so long that the server may be gone
// without anybody knowing. It goes by the wall clock: the timers stand still while
// the machine is suspended, and the connection may not survive that.
func (k *keepalive) stale(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.every > 0 && now.Sub(k.heard) > staleAfter*k.every
}

func (k *keepalive) tick() {
	k.mu.Lock()
	if k.stopped {
		k.mu.Unlock()
		return
	}
	now := k.conn.wire.received.Load()
	if now != k.received {
		k.received, k.missed = now, 0
		k.heard = k.conn.site.pool.now()
	} else {
		k.missed++
	}
	dead := k.missed > k.limit
	probe := k.missed > 0 && !k.probing && !dead
	k.probing = k.probing || probe
	if !dead {
		k.timer.Reset(k.every)
	}
	k.mu.Unlock()
	switch {
	case dead:
		k.conn.close(fmt.Errorf("%w: nothing came back for %s", errGone, k.every*time.Duration(k.limit)))
	case probe:
		// Servers answer success or failure; both are a sign of life.
		start := time.Now()
		_, _, err := k.conn.ssh.SendRequest("keepalive@openssh.com", true, nil)
		k.mu.Lock()
		k.probing = false
		if err == nil {
			k.heard = k.conn.site.pool.now()
		}
		k.mu.Unlock()
		if err == nil {
			k.conn.roundTrip(time.Since(start))
		}
	}
}
