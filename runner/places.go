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
	return &place{places: p, state: held}, nil
}

// A place is one of them, as the transport sees it.
type place struct {
	*places
	state placeState
}

type placeState int

const (
	held  placeState = iota
	left             // by Leave
	given            // by giveUp
)

var _ transport.Place = (*place)(nil)

// Leave implements transport.Place. With too many silent hosts it does nothing.
func (p *place) Leave() {
	select {
	case p.silent <- struct{}{}:
		p.state = left
		p.free.Release(1)
	default:
	}
}

// giveUp leaves the place to others, however many have done so: the host waits
// for something that may need their places.
func (p *place) giveUp() {
	p.giveBack()
	p.state = given
}

// Enter implements transport.Place.
func (p *place) Enter(ctx context.Context) error {
	if p.state == held {
		return nil
	}
	if err := p.free.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	if p.state == left {
		<-p.silent
	}
	p.state = held
	return nil
}

// giveBack is the end of the host's work.
func (p *place) giveBack() {
	switch p.state {
	case held:
		p.free.Release(1)
	case left:
		<-p.silent
	}
}
