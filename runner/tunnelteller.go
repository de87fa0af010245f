package runner

import (
	"slices"
	"sync"
	"time"

	"fleet/pool/tunnel"
	"fleet/transport"
)

// A teller passes on what happens to a tunnel, without holding it up: changes of its
// state, one after another, and why connections failed, each reason one time.
type teller struct {
	tell   func(s tunnel.Status, away time.Duration)
	news   chan tunnel.Status
	failed chan struct{} // holds one: a connection failed
	over   chan struct{}
	group  sync.WaitGroup
	once   sync.Once

	failure     func() error // the last one of a connection; nil before the tunnel is open
	tellFailure func(error)

	mu   sync.Mutex
	told []string // failures that were told; guarded by mu
}

// fewNews bounds what waits to be told, and which failures of connections are told;
// what is beyond it is dropped.
const fewNews = 16

func newTeller(tell func(tunnel.Status, time.Duration)) *teller {
	return &teller{tell: tell, news: make(chan tunnel.Status, fewNews), failed: make(chan struct{}, 1), over: make(chan struct{})}
}

// changed is told of every change.
func (t *teller) changed(s tunnel.Status) {
	if s.State != tunnel.StateDown && s.State != tunnel.StateReady {
		return
	}
	select {
	case t.news <- s:
	default:
	}
}

// complaint is told where a connection failed.
func (t *teller) complaint(tunnel.Status) {
	select {
	case t.failed <- struct{}{}:
	default:
	}
}

// begin tells of what is down from now on; stop ends that.
func (t *teller) begin() {
	t.group.Go(func() {
		var since time.Time // when it went down; zero while it is up
		for {
			select {
			case s := <-t.news:
				switch {
				case s.State == tunnel.StateDown && since.IsZero():
					since = s.Since
					t.tell(s, 0)
				case s.State == tunnel.StateReady && !since.IsZero():
					t.tell(s, s.Since.Sub(since))
					since = time.Time{}
				}
			case <-t.failed:
				t.look()
			case <-t.over:
				return
			}
		}
	})
}

// stop tells what is left to tell, and ends that.
func (t *teller) stop() {
	t.once.Do(func() { close(t.over) })
	t.group.Wait()
	t.look()
}

// look tells why a connection failed, unless that was told. A link that is lost is
// told by the tunnel's state.
func (t *teller) look() {
	if t.failure == nil {
		return
	}
	if err := t.failure(); err != nil && transport.KindOf(err) != transport.KindLost && t.isNew(err.Error()) {
		t.tellFailure(err)
	}
}

// isNew notes a failure, and reports whether it is to be told.
func (t *teller) isNew(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.told) == fewNews || slices.Contains(t.told, text) {
		return false
	}
	t.told = append(t.told, text)
	return true
}
