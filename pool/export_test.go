package pool

import (
	"net"
	"time"
)

// Ahead reports whether every open connection has session channels that were
// opened ahead, and its server has answered for all of them.
func (p *Pool) Ahead() bool {
	for _, c := range p.conns() {
		if confirmed, asked := c.confirmed(); asked == 0 || confirmed < asked {
			return false
		}
	}
	return true
}

// ChannelsAhead counts the session channels that were opened ahead.
func (p *Pool) ChannelsAhead() (n int) {
	for _, c := range p.conns() {
		_, asked := c.confirmed()
		n += asked
	}
	return n
}

func (p *Pool) conns() (all []*conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sites {
		s.mu.Lock()
		all = append(all, s.conns...)
		s.mu.Unlock()
	}
	return all
}

// confirmed counts the channels opened ahead, and those that were answered for.
func (c *conn) confirmed() (confirmed, asked int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.ahead {
		select {
		case <-o.done:
			confirmed++
		default:
		}
	}
	return confirmed, len(c.ahead)
}

// Direct is nc as connections use it.
func Direct(nc net.Conn) net.Conn { return direct(nc) }

// Life is what knows whether a connection goes on.
type Life struct{ life }

// Ask is life.ask.
func (l *Life) Ask() { l.ask() }

// Told is life.told.
func (l *Life) Told(err error) { l.told(err) }

// End is life.end.
func (l *Life) End() { l.end() }

// GoesOn is life.goesOn.
func (l *Life) GoesOn(done <-chan struct{}) bool { return l.goesOn(done) }

// Fail has every open connection fail as it does where a write went wrong and its
// reader has not noticed yet.
func (p *Pool) Fail() {
	for _, c := range p.conns() {
		c.wire.life.end()
	}
}

// A Stat counts what a pool holds.
type Stat struct {
	Connections int // open, and lent to whoever comes
	Dialing     int // being opened
	Sessions    int // in use
}

// Stat counts what the pool holds now.
func (p *Pool) Stat() Stat {
	st := Stat{Dialing: p.Snapshot().Dialing}
	for _, c := range p.conns() {
		c.site.mu.Lock()
		st.Connections++
		st.Sessions += c.active
		c.site.mu.Unlock()
	}
	return st
}

// SetClock has the pool take the time of the wall clock from now. It comes before
// anything else.
func (p *Pool) SetClock(now func() time.Time) { p.clock = now }

// Mend has the time pass for which a jump host that failed is not tried again, and
// returns how many hosts the pool knew before and knows after it.
func (p *Pool) Mend() (before, after int) {
	p.mu.Lock()
	var sites []*site
	for _, s := range p.sites {
		sites = append(sites, s)
	}
	p.mu.Unlock()
	for _, s := range sites {
		s.mu.Lock()
		since := s.since
		s.mu.Unlock()
		s.mend(since.Add(-time.Second)) // of an earlier failure
	}
	p.mu.Lock()
	before = len(p.sites)
	p.mu.Unlock()
	for _, s := range sites {
		s.mu.Lock()
		since := s.since
		s.mu.Unlock()
		s.mend(since)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return before, len(p.sites)
}
