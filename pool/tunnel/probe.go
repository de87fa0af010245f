package tunnel

import (
	"context"
	"errors"
	"time"

	"fleet/transport"
)

// The times of looking after a link that is up.
const (
	probeEvery = 15 * time.Second // for the round trip to show
	probeLimit = 10 * time.Second
	wakeLimit  = 3 * time.Second // for an answer after the machine has slept

	sleepTick  = 2 * time.Second
	sleepLeast = 5 * time.Second // that the clock on the wall runs ahead by
)

// probe measures the round trip now and then, until life is over. Whether a link
// is dead is decided by its own keepalive, except after sleep: then an answer has
// to come at once.
func (l *line) probe(life context.Context, link transport.Link, end context.CancelCauseFunc) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		limit := probeLimit
		select {
		case <-life.Done():
			return
		case <-timer.C:
		case <-l.wake:
			limit = wakeLimit
		}
		took, err := ping(life, link, limit)
		switch {
		case err == nil:
			l.eachRow(func(r *row) { r.roundTrip(took) })
		case limit == wakeLimit && life.Err() == nil:
			end(l.lost(errors.New("no answer after the machine has slept")))
			return
		}
		timer.Reset(probeEvery)
	}
}

func ping(ctx context.Context, link transport.Link, limit time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	err := link.Ping(ctx)
	return time.Since(began), err
}

// watchSleep wakes every line when the machine has slept: the clock on the wall
// has gone on then, and the one that time is measured by has not.
func (s *Set) watchSleep(ctx context.Context) {
	tick := time.NewTicker(sleepTick)
	defer tick.Stop()
	wall, steady := s.wall(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		nextWall, nextSteady := s.wall(), time.Now()
		if nextWall.Sub(wall)-nextSteady.Sub(steady) > sleepLeast {
			for _, l := range s.lines {
				select {
				case l.wake <- struct{}{}:
				default: // it knows already
				}
			}
		}
		wall, steady = nextWall, nextSteady
	}
}
