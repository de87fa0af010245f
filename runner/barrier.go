package runner

import "sync"

// A line is how far each host of a batch has come: barriers, and the wait for
// the verdict of a batch. A host only moves forward; one that fails, or never
// begins, goes to the end. A barrier at a position opens when no host is before
// it, so nobody waits for a host that will not come.
type line struct {
	mu      sync.Mutex
	hosts   []int                 // how many are at each position; guarded by mu
	last    int                   // the position of the last of them; guarded by mu
	waiting map[int]chan struct{} // closed when nobody is before; guarded by mu
}

// newLine puts all hosts at position 0.
func newLine(positions, hosts int) *line {
	l := &line{hosts: make([]int, positions), waiting: map[int]chan struct{}{}}
	l.hosts[0] = hosts
	return l
}

// move takes one host from a position to a later one.
func (l *line) move(from, to int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hosts[from]--
	l.hosts[to]++
	for l.last < len(l.hosts)-1 && l.hosts[l.last] == 0 {
		l.last++
		if c := l.waiting[l.last]; c != nil {
			close(c)
		}
	}
}

// barrier is closed when no host is before position at.
func (l *line) barrier(at int) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.waiting[at]
	if c == nil {
		c = make(chan struct{})
		l.waiting[at] = c
		if l.last >= at {
			close(c)
		}
	}
	return c
}
