package runner

import (
	"context"

	"golang.org/x/sync/semaphore"

	"fleet/transport"
)

// silentPerPlace bounds how many silent hosts there may be for each place: each
// holds a socket.
const silentPerPlace = 8

// places are the places for hosts at work.
type places struct {
	free   *semaphore.Weighted
	silent chan struct{} // holds one element for each host that left its place
}

// newPlaces makes n places. Of a single one nobody leaves: who asks for one host
// at a time wants them one after another.
func newPlaces(n int) *places {
	silent := n * silentPerPlace
	if n == 1 {
		silent = 0
	}
	return &places{free: semaphore.NewWeighted(int64(n)), silent: make(chan struct{}, silent)}
}

// take waits for a free place.
func (p *places) take(ctx context.Context) (*place, error) {
	if err := ctx.Err(); err != nil {
		return nil, err // Acquire would take a free place all the same
	}
	if err := p.free.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return &place{places: p, held: true}, nil
}

// A place is one of them, as the transport sees it.
type place struct {
	*places
	held bool
}

var _ transport.Place = (*place)(nil)

// Leave implements transport.Place. With too many silent hosts it does nothing.
func (p *place) Leave() {
	select {
	case p.silent <- struct{}{}:
		p.held = false
		p.free.Release(1)
	default:
	}
}

// Enter implements transport.Place.
func (p *place) Enter(ctx context.Context) error {
	if p.held {
		return nil
	}
	if err := p.free.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	<-p.silent
	p.held = true
	return nil
}

// giveBack is the end of the host's work.
func (p *place) giveBack() {
	if p.held {
		p.free.Release(1)
	} else {
		<-p.silent
	}
}
