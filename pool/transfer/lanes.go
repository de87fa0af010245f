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
	// window is how much has to be under way in one session for the window to be what
	// holds it up; half of what OpenSSH gives.
	window = 1 << 20
	// maxLanes bounds the sessions of one file. A connection to OpenSSH has room for
	// ten, and the commands of the transfer need some.
	maxLanes = 8
)

// lanes say of what sessions are added to.
type lanes struct {
	free  chan struct{} // as many may be added over all hosts: each has memory of its own
	path  string        // something to ask for, to measure the round trip
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
	begin := time.Now()
	if _, err := r.sys.lstat(ctx, l.path); err != nil {
		return err
	}
	trip := time.Since(begin)
	if trip < farTrip {
		return work(ctx, r.sys)
	}
	all, ctx := errgroup.WithContext(ctx)
	busy, idle := context.WithCancel(ctx)
	all.Go(func() error {
		defer idle()
		return work(ctx, r.sys)
	})
	all.Go(func() error {
		widen(busy, l, trip, func() bool {
			return l.add(all, func() error { return r.lane(ctx, busy, work) })
		})
		return nil
	})
	return all.Wait()
}

// widen adds sessions as long as they make the work faster. It ends when nothing is
// left to be taken up.
func widen(busy context.Context, l *lanes, trip time.Duration, add func() bool) {
	if !pause(busy, 2*trip) {
		return
	}
	before, ok := l.rate(busy, trip)
	count, more := 1, 1
	if before >= window {
		more = maxLanes - 2
	}
	for ok && count < maxLanes {
		for range min(more, maxLanes-count) {
			if !add() {
				return
			}
			count++
		}
		if !pause(busy, 4*trip) { // until the new sessions are under way
			return
		}
		var now float64
		now, ok = l.rate(busy, trip)
		if now < 1.2*before {
			return
		}
		before, more = now, count
	}
}

// rate is how many bytes are moved in a round trip.
func (l *lanes) rate(busy context.Context, trip time.Duration) (bytes float64, ok bool) {
	begin, before := time.Now(), l.moved()
	ok = pause(busy, max(2*trip, 100*time.Millisecond))
	return float64(l.moved()-before) * float64(trip) / float64(time.Since(begin)), ok
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

// add has work done besides, if there may be one more.
func (l *lanes) add(all *errgroup.Group, work func() error) bool {
	select {
	case l.free <- struct{}{}:
	default:
		return false
	}
	all.Go(func() error {
		defer func() { <-l.free }()
		return work()
	})
	return true
}

// lane has work done over a session of its own, unless there is nothing left when
// that is open. That the host has none is no failure.
func (r *Remote) lane(ctx, busy context.Context, work func(context.Context, system) error) error {
	opening, cancel := context.WithCancel(ctx)
	defer cancel()
	keep := context.AfterFunc(busy, cancel)
	s, end, err := r.extra(opening)
	if err != nil {
		return nil
	}
	defer end()
	if !keep() {
		return nil
	}
	return work(ctx, s)
}
