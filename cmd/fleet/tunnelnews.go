package main

import (
	"slices"
	"sync"
	"time"

	"fleet/event"
	"fleet/pool/tunnel"
)

const (
	// together is the time within which hosts that change in the same way are told
	// in one line.
	together = 200 * time.Millisecond
	// lookEvery is how often it is looked whether connections failed, of which
	// nobody tells.
	lookEvery = time.Second
)

// A tunnelNews tells what happens to tunnels: in lines for people, or as events.
// It never holds up who tells it.
type tunnelNews struct {
	status func() []tunnel.Status // all of them, now
	emit   func(*tunnel.Status)   // tells programs of each change; may be nil
	print  func([]newsLine)       // tells people; nil: nobody wants to know
	report newsReport             // what was told; of the goroutine

	mu    sync.Mutex
	queue []tunnel.Status // guarded by mu

	wake chan struct{} // holds one: queue is not empty
	open chan struct{} // closed by begin
	over chan struct{} // closed by close
	done chan struct{} // closed when the goroutine has ended
	lost chan struct{} // closed when every tunnel is given up
}

func newTunnelNews() *tunnelNews {
	return &tunnelNews{
		wake: make(chan struct{}, 1), open: make(chan struct{}), over: make(chan struct{}),
		done: make(chan struct{}), lost: make(chan struct{}),
	}
}

// changed hears of a tunnel.
func (n *tunnelNews) changed(s tunnel.Status) {
	n.mu.Lock()
	n.queue = append(n.queue, s)
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *tunnelNews) take() []tunnel.Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	q := n.queue
	n.queue = nil
	return q
}

// start begins to tell programs.
func (n *tunnelNews) start() { go n.loop() } // ends with close

// begin says that the tunnels were shown: people now hear of what is not ready,
// and from then on of what changes.
func (n *tunnelNews) begin() { close(n.open) }

// close tells programs what is left, and ends.
func (n *tunnelNews) close() {
	close(n.over)
	<-n.done
}

func (n *tunnelNews) loop() {
	defer close(n.done)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var soon <-chan time.Time // when changes are told to people
	open, shown := n.open, false
	for {
		select {
		case <-n.over:
			n.hear()
			return
		case <-n.wake:
			n.hear()
			if shown && soon == nil {
				soon = time.After(together)
			}
			continue
		case <-open:
			open, shown = nil, true
		case <-soon:
		case <-ticker.C:
		}
		if soon = nil; shown && n.print != nil {
			n.print(n.report.lines(n.status(), time.Now()))
		}
	}
}

// hear takes note of what changed.
func (n *tunnelNews) hear() {
	changes := n.take()
	for i := range changes {
		if n.emit != nil {
			n.emit(&changes[i])
		}
		n.report.hear(&changes[i])
	}
	if len(changes) == 0 || slices.ContainsFunc(n.status(), func(s tunnel.Status) bool { return s.State != tunnel.StateFailed }) {
		return
	}
	select {
	case <-n.lost:
	default:
		close(n.lost)
	}
}

// eventOf is the type of the event that tells of a change; "" for none.
func eventOf(s *tunnel.Status) event.Type {
	switch {
	case s.State == tunnel.StateReady:
		return event.TunnelOpen
	case s.State == tunnel.StateFailed:
		return event.TunnelFailed
	case s.State == tunnel.StateClosed:
		return event.TunnelClosed
	case s.Err != nil:
		return event.TunnelDown
	default:
		return ""
	}
}
