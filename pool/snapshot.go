package pool

import (
	"cmp"
	"slices"
	"time"

	"fleet/transport"
)

// A Snapshot is what a pool holds at one moment, and what it has done since it
// began.
type Snapshot struct {
	Connections []Connection              // by address and age
	Dialing     int                       // connections being opened
	Waiting     int                       // callers that wait for a session
	Dials       map[transport.Kind]uint64 // by result; "" is success
	Sessions    uint64                    // commands and subsystems that were given a session
	Queue       Times                     // from the call to the session
	RoundTrips  Times                     // from a question to the server's answer
	Received    uint64                    // bytes, with those of connections that have ended
	Sent        uint64
}

// A Connection is one connection to a host.
type Connection struct {
	Host      string    // as its first caller named it
	Address   string    // host:port
	User      string    //
	Via       []string  // the jump hosts, first hop first
	Since     time.Time // the login
	Used      time.Time // when the last session ended, or now
	Sessions  int       // at work
	Private   bool      // a link of one caller
	RoundTrip time.Duration
	Received  uint64 // bytes, with what it cost to log in
	Sent      uint64
}

// Snapshot tells what the pool holds now.
func (p *Pool) Snapshot() Snapshot {
	p.lifeMu.Lock()
	all := make([]*conn, 0, len(p.live))
	for c := range p.live {
		all = append(all, c)
	}
	past := p.past
	p.lifeMu.Unlock()
	n := &p.counts
	s := Snapshot{
		Dialing: int(n.dialing.Load()), Waiting: int(n.waiting.Load()), Dials: n.dialsByKind(),
		Sessions: n.sessions.Load(), Queue: n.queue.times(), RoundTrips: n.trips.times(),
		Received: past.received, Sent: past.sent,
		Connections: make([]Connection, 0, len(all)),
	}
	now := p.now()
	for _, c := range all {
		one := c.snapshot(now)
		s.Received += one.Received
		s.Sent += one.Sent
		s.Connections = append(s.Connections, one)
	}
	slices.SortFunc(s.Connections, func(a, b Connection) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.User, b.User), a.Since.Compare(b.Since))
	})
	return s
}

func (c *conn) snapshot(now time.Time) Connection {
	moved := c.wire.traffic()
	one := Connection{
		Host: c.target.Label(), Address: c.target.Addr(), User: c.target.User, Via: make([]string, len(c.target.Jump)),
		Since: c.since, Used: now, Private: c.private, RoundTrip: time.Duration(c.rtt.Load()),
		Received: moved.received, Sent: moved.sent,
	}
	for i := range c.target.Jump {
		one.Via[i] = c.target.Jump[i].Label()
	}
	c.site.mu.Lock()
	defer c.site.mu.Unlock()
	one.Sessions = c.active
	if c.uses == 0 && !c.private {
		one.Used = c.used
	}
	return one
}

// now is the time of the wall clock, which goes on while the machine is suspended.
func (p *Pool) now() time.Time { return p.clock().Round(0) }

// keep counts c among the connections of the pool.
func (p *Pool) keep(c *conn) {
	p.lifeMu.Lock()
	defer p.lifeMu.Unlock()
	p.live[c] = struct{}{}
}

// lose is the end of keep.
func (p *Pool) lose(c *conn) {
	p.lifeMu.Lock()
	defer p.lifeMu.Unlock()
	delete(p.live, c)
	moved := c.wire.traffic()
	p.past.received += moved.received
	p.past.sent += moved.sent
}

// connections are all that live, those of links and those that are lent to nobody
// any more too.
func (p *Pool) connections() []*conn {
	p.lifeMu.Lock()
	defer p.lifeMu.Unlock()
	all := make([]*conn, 0, len(p.live))
	for c := range p.live {
		all = append(all, c)
	}
	return all
}
