package pool

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// The dial window of one endpoint. sshd drops unauthenticated connections at
// random from the 11th on (MaxStartups 10:30:100), so at most windowStart dials
// to one address are under way at first; each success allows one more, each
// drop halves the window.
const (
	windowStart = 10
	windowMax   = 100
)

// A window admits dials to one address. The zero value is ready for use.
type window struct {
	mu      sync.Mutex
	size    int             // allowed at one time; 0 means windowStart
	inUse   int             // under way
	waiting []chan struct{} // in order of arrival
}

// enter waits for a place.
func (w *window) enter(ctx context.Context) error {
	w.mu.Lock()
	if w.size == 0 {
		w.size = windowStart
	}
	if w.inUse < w.size {
		w.inUse++
		w.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	w.waiting = append(w.waiting, turn)
	w.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		w.abandon(turn)
		return context.Cause(ctx)
	}
}

// abandon takes turn out of the queue, or passes it on if it came just now.
func (w *window) abandon(turn chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, t := range w.waiting {
		if t == turn {
			w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
			return
		}
	}
	w.inUse--
	w.admit()
}

// leave gives the place back. dropped says that the server closed the
// connection before its banner.
func (w *window) leave(dropped bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inUse--
	if dropped {
		w.size = max(1, w.size/2)
	} else {
		w.size = min(windowMax, w.size+1)
	}
	w.admit()
}

// idle reports whether nobody dials, or waits to.
func (w *window) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.inUse == 0 && len(w.waiting) == 0
}

// admit lets those in for whom there is room. w.mu is held.
func (w *window) admit() {
	for len(w.waiting) > 0 && w.inUse < w.size {
		w.inUse++
		close(w.waiting[0])
		w.waiting = w.waiting[1:]
	}
}

// Back-off after a drop: full jitter, so that many clients spread out.
const (
	backoffFirst = 50 * time.Millisecond
	backoffMax   = time.Second
)

// backoff waits before try n (1 is the first repetition).
func backoff(ctx context.Context, n int) error {
	ceiling := min(backoffMax, backoffFirst<<min(n-1, 10))
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(ceiling))) + time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
