package runner

import (
	"context"
	"sync"
)

// A Cleanup is the always steps of a run, for whoever stops it: which hosts wait
// for theirs, and the end of them all. A nil one knows nothing.
type Cleanup struct {
	given chan struct{} // closed when they are given up

	mu   sync.Mutex
	owed map[string]int // by host: tasks that have sent something, and whose always has not ended; guarded by mu
	over bool           // given is closed; guarded by mu
}

// NewCleanup returns one for a single run.
func NewCleanup() *Cleanup {
	return &Cleanup{given: make(chan struct{}), owed: map[string]int{}}
}

// GiveUp stops the always steps that run, and begins no further one. It returns the
// hosts on which something was sent, and always had not ended then, in no order. It
// does not wait for them.
func (c *Cleanup) GiveUp() []string {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var hosts []string
	for name := range c.owed {
		hosts = append(hosts, name)
	}
	if !c.over {
		c.over = true
		close(c.given)
	}
	return hosts
}

// givenUp is closed by GiveUp; nil where nobody can.
func (c *Cleanup) givenUp() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.given
}

func (c *Cleanup) change(host string, by int) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owed[host] += by; c.owed[host] == 0 {
		delete(c.owed, host)
	}
}

// owe notes that something is sent for the host, after which always is due.
func (w *hostWalk) owe() {
	if !w.owes && w.task.cleans {
		w.owes = true
		w.run.cfg.Cleanup.change(w.host.Name, 1)
	}
}

// settle notes that always has ended, unless it was cut short.
func (w *hostWalk) settle(cleanup context.Context) {
	if w.owes && cleanup.Err() == nil {
		w.owes = false
		w.run.cfg.Cleanup.change(w.host.Name, -1)
	}
}
