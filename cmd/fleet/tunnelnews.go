package main

import (
	"slices"
	"sync"
	"time"

	"fleet/pool/tunnel"
)

// together is the time within which hosts that change in the same way are told in
// one line.
const together = 200 * time.Millisecond

// A tunnelNews tells what happens to tunnels: in lines for people, or as events.
// It never holds up who tells it, and however long its own reader takes, it holds
// no more than a few changes of each tunnel.
type tunnelNews struct {
	status func() []tunnel.Status     // all of them, now
	emit   func(*tunnel.Status) error // tells programs of each change, until it fails; may be nil
	print  func([]newsLine)           // tells people; nil: nobody wants to know
	report newsReport                 // what was told; of the goroutine

	mu    sync.Mutex
	queue newsQueue // guarded by mu

	wake chan struct{}        // holds one: there is something new
	open chan struct{}        // closed by begin
	last chan []tunnel.Status // what people hear in the end
	over chan struct{}        // closed by close
	done chan struct{}        // closed when the goroutine has ended
	lost chan struct{}        // closed when every tunnel is given up
}

func newTunnelNews() *tunnelNews {
	return &tunnelNews{
		wake: make(chan struct{}, 1), open: make(chan struct{}), last: make(chan []tunnel.Status, 1),
		over: make(chan struct{}), done: make(chan struct{}), lost: make(chan struct{}),
	}
}

// changed hears of a tunnel.
func (n *tunnelNews) changed(s tunnel.Status) {
	n.mu.Lock()
	n.queue.add(&s)
	n.mu.Unlock()
	n.look()
}

// look has it looked at what connections failed for.
func (n *tunnelNews) look() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *tunnelNews) take() []tunnel.Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.queue.take()
}

// start begins to tell programs.
func (n *tunnelNews) start() { go n.loop() } // ends with close

// begin says that the tunnels were shown: people now hear of what is not ready,
// and from then on of what changes.
func (n *tunnelNews) begin() { close(n.open) }

// finish tells people what is new in list, and nothing after it: from now on the
// tunnels close. It does not wait.
func (n *tunnelNews) finish(list []tunnel.Status) { n.last <- list }

// close tells programs what is left, and ends.
func (n *tunnelNews) close() {
	close(n.over)
	<-n.done
}

func (n *tunnelNews) loop() {
	defer close(n.done)
	var soon <-chan time.Time // when changes are told to people
	open, shown := n.open, false
	for {
		select {
		case list := <-n.last:
			n.end(list)
			return
		case <-n.over:
			select {
			case list := <-n.last:
				n.end(list)
			default:
				n.end(nil)
			}
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
		}
		soon = nil
		n.tell(n.status())
	}
}

// end tells people of list, where they were shown the tunnels, and then programs
// of all that comes until it is closed.
func (n *tunnelNews) end(list []tunnel.Status) {
	n.hear()
	select {
	case <-n.open:
		n.tell(list)
	default:
	}
	for {
		select {
		case <-n.wake:
			n.hear()
		case <-n.over:
			n.hear()
			return
		}
	}
}

// tell tells people what is new in list.
func (n *tunnelNews) tell(list []tunnel.Status) {
	if n.print != nil {
		n.print(n.report.lines(list, time.Now()))
	}
}

// hear takes note of what changed.
func (n *tunnelNews) hear() {
	changes := n.take()
	for i := range changes {
		if n.emit != nil && n.emit(&changes[i]) != nil {
			n.emit = nil
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
