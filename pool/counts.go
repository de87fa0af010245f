package pool

import (
	"sync/atomic"
	"time"

	"fleet/transport"
)

// counts are what a pool counts besides its connections.
type counts struct {
	dialing, waiting atomic.Int64
	sessions         atomic.Uint64
	dials            [len(dialKinds)]atomic.Uint64
	queue, trips     histogram
}

// dialKinds are the results of a dial.
var dialKinds = [...]transport.Kind{
	"", transport.KindUnreachable, transport.KindAuth, transport.KindHostKey, transport.KindRefused,
	transport.KindLost, transport.KindTimeout, transport.KindCanceled, transport.KindInternal,
}

// dialed counts a dial.
func (n *counts) dialed(result transport.Kind) {
	for i, k := range dialKinds {
		if k == result {
			n.dials[i].Add(1)
		}
	}
}

// dialsByKind has the kinds that have occurred.
func (n *counts) dialsByKind() map[transport.Kind]uint64 {
	m := make(map[transport.Kind]uint64)
	for i, k := range dialKinds {
		if count := n.dials[i].Load(); count > 0 {
			m[k] = count
		}
	}
	return m
}

// Times is a histogram of durations.
type Times struct {
	Bounds []time.Duration // upper bounds, ascending
	Counts []uint64        // one for each bound, and one for what is above; not cumulative
	Sum    time.Duration
}

// timeBounds reach from a machine next door to a host that has to be waited for.
var timeBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// A histogram counts durations; it is written to without a lock.
type histogram struct {
	counts [len(timeBounds) + 1]atomic.Uint64
	sum    atomic.Int64
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(timeBounds) && d > timeBounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

func (h *histogram) times() Times {
	bounds := timeBounds
	t := Times{Bounds: bounds[:], Counts: make([]uint64, len(h.counts)), Sum: time.Duration(h.sum.Load())}
	for i := range h.counts {
		t.Counts[i] = h.counts[i].Load()
	}
	return t
}

// traffic is what went over the wire, in bytes.
type traffic struct{ received, sent uint64 }

func (w *wire) traffic() traffic {
	return traffic{uint64(w.received.Load()), uint64(w.sent.Load())}
}

// roundTrip notes how long the server took to answer.
func (c *conn) roundTrip(took time.Duration) {
	c.rtt.Store(int64(took))
	c.site.pool.counts.trips.observe(took)
}
