package pool

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fleet/transport"
)

// brokenFor is how long a jump host that could not be reached is taken to be
// unreachable: the hosts behind it fail at once, each with the same cause.
const brokenFor = 30 * time.Second

// A site is one distinct target: its connections and the dial under way.
type site struct {
	pool   *Pool
	key    string
	target transport.Target

	mu      sync.Mutex
	conns   []*conn  // alive
	dialing *attempt // one at a time; nil when none
	users   int      // goroutines that want or hold a lease
	changed chan struct{}
	broken  error // why the last dial failed
	since   time.Time
}

// An attempt is a dial that any number of callers wait for.
type attempt struct {
	done  chan struct{} // closed when err is final
	err   error
	phase atomic.Int32 // a phase
}

// failure is why the dial failed; nil while it lasts, and where there is none.
func (a *attempt) failure() error {
	if a == nil {
		return nil
	}
	select {
	case <-a.done:
		return a.err
	default:
		return nil
	}
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
func (s *site) lease(ctx context.Context, sessions int, place transport.Place) (*lease, error) {
	var away bool
	l, err := s.wait(ctx, sessions, false, func() {
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
// while ago is not dialed again.
func (s *site) leaseJump(ctx context.Context) (*lease, error) {
	return s.wait(ctx, forChannels, true, func() {})
}

// wait is lease; silent is called when the host has been silent for a while.
func (s *site) wait(ctx context.Context, sessions int, jump bool, silent func()) (*lease, error) {
	alarm := time.NewTimer(silentAfter)
	defer alarm.Stop()
	s = s.pool.enter(s)
	defer s.leaveQueue()
	s.mu.Lock()
	for {
		if c := s.roomiest(sessions); c != nil {
			n := min(sessions, c.limit)
			c.active += n
			c.uses++
			c.stopLinger()
			s.mu.Unlock()
			return &lease{conn: c, sessions: n}, nil
		}
		a := s.dialing
		if a == nil && jump && s.broken != nil && time.Since(s.since) < brokenFor {
			err := s.broken
			s.mu.Unlock()
			return nil, err
		}
		if a == nil && s.mayGrow() {
			a = &attempt{done: make(chan struct{})}
			if !s.pool.begin() {
				s.mu.Unlock()
				return nil, errClosed
			}
			s.dialing = a
			go s.dial(a)
		}
		var dialed <-chan struct{}
		if a != nil {
			dialed = a.done
		}
		changed := s.change()
		s.mu.Unlock()
		select {
		case <-dialed:
		case <-changed:
		case <-alarm.C:
			if a != nil && phase(a.phase.Load()) < phaseKeyExchange {
				silent()
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if err := a.failure(); err != nil { // also where something else happened at the same time
			return nil, err
		}
		s.mu.Lock()
	}
}

// leaveQueue is the end of a lease call.
func (s *site) leaveQueue() {
	s.mu.Lock()
	s.users--
	empty := len(s.conns) == 0 && s.dialing == nil && s.users == 0
	s.mu.Unlock()
	if empty {
		s.pool.forget(s)
	}
}

// roomiest is the connection with the most free sessions, or nil when none has
// as many as wanted. s.mu is held.
func (s *site) roomiest(sessions int) *conn {
	var best *conn
	for _, c := range s.conns {
		if c.wire.life.over() { // whoever wrote to it knows; it is dropped in a moment
			continue
		}
		if c.active+min(sessions, c.limit) <= c.limit && (best == nil || c.limit-c.active > best.limit-best.active) {
			best = c
		}
	}
	return best
}

// mayGrow reports whether one connection more would help: not where the server
// has shown that it allows next to none on each, and opening more did not end.
func (s *site) mayGrow() bool { return len(s.conns) < maxConnections }

// jumpLinger is the least time for which a connection that carried forwarded
// channels stays: between two hosts behind a jump host there may be a moment in
// which none uses it.
const jumpLinger = 5 * time.Second

// maxConnections bounds the connections to one target.
const maxConnections = 16

// change is closed when a session becomes free. s.mu is held.
func (s *site) change() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func (s *site) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// dial opens one connection and tells those who wait.
func (s *site) dial(a *attempt) {
	defer s.pool.work.Done()
	ln, err := s.pool.dial(s.pool.ctx, s, &a.phase)
	var c *conn
	if err == nil {
		c = newConn(s, ln)
	}
	s.mu.Lock()
	s.dialing = nil
	if err == nil && s.pool.ctx.Err() != nil {
		err = errClosed
	}
	if err == nil {
		s.conns = append(s.conns, c)
		s.broken = nil
		if s.users == 0 {
			c.startLinger(s.pool.cfg.Linger)
		}
	} else {
		s.broken, s.since = err, time.Now()
	}
	a.err = err
	close(a.done)
	s.mu.Unlock()
	if err != nil && c != nil {
		c.close(err)
	}
	s.pool.forget(s)
}

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
func (l *lease) release() {
	l.once.Do(func() {
		s := l.site
		s.mu.Lock()
		l.active -= l.sessions
		l.uses--
		idle := l.uses == 0
		last := idle && s.users == 0
		linger := s.pool.cfg.Linger
		if l.sessions == forChannels && linger >= 0 {
			linger = max(linger, jumpLinger)
		}
		if idle && (last || len(s.conns) > 1) && linger > 0 {
			l.startLinger(linger)
		}
		closing := last && linger == 0
		if closing {
			s.remove(l.conn)
		}
		s.wake()
		s.mu.Unlock()
		if closing {
			l.close(nil)
		}
	})
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
	s.wake()
	s.mu.Unlock()
	s.pool.forget(s)
}

// remove keeps c from being leased again. s.mu is held.
func (s *site) remove(c *conn) {
	if i := slices.Index(s.conns, c); i >= 0 {
		s.conns = slices.Delete(s.conns, i, i+1)
	}
}

func (s *site) closeAll(cause error) {
	s.mu.Lock()
	conns := append([]*conn(nil), s.conns...)
	s.mu.Unlock()
	for _, c := range conns {
		c.close(cause)
	}
}
