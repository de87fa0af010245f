package pool

import (
	"errors"
	"time"
)

// Retire has every command from now on dial anew: keys, known_hosts and the
// configuration of a server may have changed. Connections that are in use go on,
// and end with their last use; the others end now. Links are their callers' own,
// and go on.
func (p *Pool) Retire() {
	p.mu.Lock()
	sites := make([]*site, 0, len(p.sites))
	for _, s := range p.sites {
		sites = append(sites, s)
	}
	p.mu.Unlock()
	for _, s := range sites {
		for _, c := range s.retire() {
			c.close(errRetired)
		}
		p.forget(s)
	}
}

// errRetired is why a connection was closed that nobody used.
var errRetired = errors.New("connections are made anew")

// retire takes all connections out, and returns those that nobody uses.
func (s *site) retire() (idle []*conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.retired = true
		c.stopLinger()
		if c.uses == 0 {
			idle = append(idle, c)
		}
	}
	s.conns, s.broken, s.brokenFor = nil, nil, nil
	s.wakeAll()
	return idle
}

// errStale is why a connection was closed that may be dead.
var errStale = errors.New("nothing was heard for a long time, so it was not used again")

// weedOut takes out the unused connections that may be dead without anybody
// knowing, as after the machine was suspended. They are closed by a timer, as s.mu
// is held, and closing may have to wait for the network.
func (s *site) weedOut(now time.Time) {
	for i := len(s.conns) - 1; i >= 0; i-- {
		c := s.conns[i]
		if c.uses > 0 || !c.beat.stale(now) {
			continue
		}
		s.remove(c)
		c.stopLinger()
		time.AfterFunc(0, func() { c.close(errStale) })
	}
}
