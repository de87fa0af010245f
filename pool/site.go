package pool

import (
	"context"
	"slices"
	"sync"
	"time"

	"fleet/transport"
)

// brokenFor is how long a jump host that could not be reached is taken to be
// unreachable: the hosts behind it fail at once, each with the same cause.
const brokenFor = 30 * time.Second

// A site is one distinct target: its connections, the dial under way, and those
// who wait for either.
type site struct {
	pool *Pool
	key  string

	mu        sync.Mutex
	conns     []*conn   // alive, and lent to whoever comes
	queue     []*ticket // who waits, in order of arrival
	dialing   *attempt  // the one to wait for; nil when none
	dials     int       // under way
	users     int       // goroutines that want or hold a lease
	broken    error     // why the last dial for those behind this host failed
	brokenFor *transport.Caller
	since     time.Time
}

// silentAfter is how long a host may say nothing before those who wait for it
// give up their place among the hosts at work.
const silentAfter = time.Second

// A lease is the right to use a connection: for a session, of which servers
// allow few (MaxSessions), or for forwarded channels, which they do not count.
type lease struct {
	*conn
	sessions int // counted as in use
	once     sync.Once
}

// What a lease is for.
const (
	forChannels = 0
	forSession  = 1
	forGuarded  = 2 // a command and its guard; 1 where the server allows no more
)

// lease waits for an open connection with room, or for a new one. The dial
// goes on when the caller gives up, for those who wait with it.
//
// While the host does not answer at all, place, which may be nil, is given up.
func (s *site) lease(ctx context.Context, t *transport.Target, sessions int, place transport.Place) (*lease, error) {
	var away bool
	l, err := s.wait(ctx, t, sessions, false, func() {
		if place != nil && !away {
			away = true
			place.Leave()
		}
	})
	if away && err == nil {
		if err = place.Enter(ctx); err != nil {
			l.release()
			return nil, err
		}
	}
	return l, err
}

// leaseJump is a lease on a jump host. One that could not be reached a short
// while ago is not dialed again, for the same caller.
func (s *site) leaseJump(ctx context.Context, t *transport.Target) (*lease, error) {
	return s.wait(ctx, t, forChannels, true, func() {})
}

// take is a lease on a connection with room; nil where there is none. s.mu is held.
func (s *site) take(sessions int) *lease {
	now := s.pool.now()
	s.weedOut(now)
	c := s.roomiest(sessions, now)
	if c == nil {
		return nil
	}
	n := min(sessions, c.limit)
	c.active += n
	c.uses++
	c.stopLinger()
	if n > 0 {
		s.pool.counts.sessions.Add(1)
	}
	return &lease{conn: c, sessions: n}
}

// leaveQueue is the end of a lease call.
func (s *site) leaveQueue() {
	s.mu.Lock()
	s.users--
	empty := len(s.conns) == 0 && s.dials == 0 && s.users == 0
	s.mu.Unlock()
	if empty {
		s.pool.forget(s)
	}
}

// roomiest is the connection with the most free sessions, or nil when none has
// as many as wanted. s.mu is held.
func (s *site) roomiest(sessions int, now time.Time) *conn {
	var best *conn
	for _, c := range s.conns {
		if !c.usable(now) {
			continue
		}
		if c.active+min(sessions, c.limit) <= c.limit && (best == nil || c.limit-c.active > best.limit-best.active) {
			best = c
		}
	}
	return best
}

// usable reports whether c may be lent: not where it is known to be over, to be
// dropped in a moment, and not where it may be.
func (c *conn) usable(now time.Time) bool { return !c.wire.life.over() && !c.beat.stale(now) }

// mayGrow reports whether one connection more would help: not where the server
// has shown that it allows next to none on each, and opening more did not end.
func (s *site) mayGrow() bool { return len(s.conns) < maxConnections }

// jumpLinger is the least time for which a connection that carried forwarded
// channels stays: between two hosts behind a jump host there may be a moment in
// which none uses it.
const jumpLinger = 5 * time.Second

// maxConnections bounds the connections to one target.
const maxConnections = 16

// dialPhase tells how far the dial under way is; false where there is none.
func (s *site) dialPhase() (phase, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dialing == nil {
		return 0, false
	}
	return phase(s.dialing.phase.Load()), true
}

// release gives the session back; the last one starts the connection's linger.
func (l *lease) release() { l.once.Do(func() { l.site.release(l) }) }

func (s *site) release(l *lease) {
	s.mu.Lock()
	l.active -= l.sessions
	l.uses--
	idle := l.uses == 0
	last := idle && s.users == 0
	linger := s.pool.cfg.Linger
	if l.sessions == forChannels && linger >= 0 {
		linger = max(linger, jumpLinger)
	}
	if idle {
		l.used = s.pool.now()
	}
	closing := last && linger == 0 || idle && l.retired
	switch {
	case closing:
		s.remove(l.conn)
	case idle && (last || len(s.conns) > 1) && linger > 0:
		l.startLinger(linger)
	}
	s.wake()
	s.mu.Unlock()
	if closing {
		l.close(nil)
	}
}

// refused notes that the server allows no session more on c beside those in
// use, and gives the lease back.
func (l *lease) refused() {
	l.learn()
	l.release()
}

// learn notes that the server refused a session.
func (c *conn) learn() {
	c.site.mu.Lock()
	defer c.site.mu.Unlock()
	if c.active > 1 {
		c.limit = max(1, min(c.limit, c.active-1))
	}
}

// drop takes a dead connection out.
func (s *site) drop(c *conn) {
	s.mu.Lock()
	s.remove(c)
	s.wakeAll() // who is to dial now
	s.mu.Unlock()
	s.pool.forget(s)
}

// remove keeps c from being leased again. s.mu is held.
func (s *site) remove(c *conn) {
	if i := slices.Index(s.conns, c); i >= 0 {
		s.conns = slices.Delete(s.conns, i, i+1)
	}
}
