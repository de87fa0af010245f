package transfer

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// wideSize is from where on a file is worth more than one session, in bytes.
	wideSize = 8 << 20
	// farTrip is from which round trip on the window of a session bounds its rate to
	// less than this machine can send: 2 MiB each round trip, with OpenSSH.
	farTrip = 5 * time.Millisecond
	// window is how much is moved in a round trip where the window of the session is
	// what holds it up, at least; half of what OpenSSH gives.
	window = 1 << 20
	// maxLanes bounds the sessions that are added. A connection to OpenSSH has room for
	// ten, and the commands of a transfer need some.
	maxLanes = 6
)

// lanes say what sessions are added to.
type lanes struct {
	free  chan struct{} // has room for as many as may be added over all hosts: each has memory of its own
	path  string        // something to ask for, where the round trip is to be measured
	trip  time.Duration // the round trip; 0: not known
	size  int64         // bytes to move
	moved func() int64  // bytes moved so far
}

// newLanes bounds the sessions that are added over all hosts.
func newLanes() chan struct{} { return make(chan struct{}, maxLanes) }

// spread has work done over the session of r, and at the same time over others, where
// the round trip is so long that the window of one session, not the link, holds up the
// work. work takes its parts from something that all share, and returns when nothing
// is left.
func (r *Remote) spread(ctx context.Context, l *lanes, work func(context.Context, system) error) error {
	if l.size < wideSize || !r.sftp {
		return work(ctx, r.sys)
	}
	if l.trip == 0 {
		begin := time.Now()
		if _, err := r.sys.lstat(ctx, l.path); err != nil {
			return err
		}
		l.trip = time.Since(begin)
	}
	if l.trip < farTrip {
		return work(ctx, r.sys)
	}
	all, ctx := errgroup.WithContext(ctx)
	busy, idle := context.WithCancel(ctx)
	all.Go(func() error {
		defer idle() // what is not taken up by now is not there
		return work(ctx, r.sys)
	})
	// To open a session takes some round trips, in which it shows whether it is of use.
	turns := make(chan struct{}, maxLanes)
	count := 0
	for ; count < maxLanes && l.enter(); count++ {
		all.Go(func() error {
			defer l.leave()
			return r.lane(ctx, busy, turns, work)
		})
	}
	all.Go(func() error {
		defer close(turns)
		l.decide(busy, turns, count)
		return nil
	})
	return all.Wait()
}

func (l *lanes) enter() bool {
	select {
	case l.free <- struct{}{}:
		return true
	default:
		return false
	}
}

func (l *lanes) leave() { <-l.free }

// decide gives a turn to each of the sessions that makes the work faster. What is
// slower than the window allows is held up by something else, as far as one session
// more can tell.
func (l *lanes) decide(busy context.Context, turns chan<- struct{}, count int) {
	if count == 0 || !pause(busy, 2*l.trip) {
		return
	}
	before, ok := l.rate(busy)
	if !ok {
		return
	}
	given := 0
	if before < window {
		turns <- struct{}{}
		given = 1
		if !pause(busy, 6*l.trip) {
			return
		}
		if now, ok := l.rate(busy); !ok || now < 1.3*before {
			return
		}
	}
	for ; given < count; given++ {
		turns <- struct{}{}
	}
}

// rate is how many bytes are moved in a round trip.
func (l *lanes) rate(busy context.Context) (bytes float64, ok bool) {
	begin, before := time.Now(), l.moved()
	ok = pause(busy, max(2*l.trip, 100*time.Millisecond))
	return float64(l.moved()-before) * float64(l.trip) / float64(time.Since(begin)), ok
}

// pause reports whether there is still something to do after d.
func pause(busy context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-busy.Done():
		return false
	}
}

// lane has work done over a session of its own, when it is its turn. That the host has
// none is no failure.
func (r *Remote) lane(ctx, busy context.Context, turns <-chan struct{}, work func(context.Context, system) error) error {
	opening, cancel := context.WithCancel(ctx)
	defer cancel()
	opened := context.AfterFunc(busy, cancel)
	s, end, err := r.extra(opening)
	if err != nil {
		return nil
	}
	defer end()
	opened()
	select {
	case _, turn := <-turns:
		if !turn {
			return nil
		}
	case <-busy.Done():
		return nil
	}
	return work(ctx, s)
}
