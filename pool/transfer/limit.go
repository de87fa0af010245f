package transfer

import (
	"context"
	"sync"
	"time"
)

// A Limiter bounds a rate. It is shared by any number of transfers.
type Limiter struct {
	perSecond int64

	mu   sync.Mutex
	free time.Time // guarded by mu: from when on nobody's bytes travel yet
}

// slack is how far a transfer may be late and still catch up: timers are coarse
// where pieces are small.
const slack = 50 * time.Millisecond

// NewLimiter allows so many bytes a second; 0 or less is no limit.
func NewLimiter(perSecond int64) *Limiter {
	if perSecond <= 0 {
		return nil
	}
	return &Limiter{perSecond: perSecond, free: time.Now()}
}

// piece is how much of most to send at a time: at a low rate, little, so that all
// who share the limit move on all the time.
func (l *Limiter) piece(most int) int {
	if l == nil {
		return most
	}
	return int(min(int64(most), l.perSecond/16+1))
}

// wait returns when n more bytes may travel. A nil Limiter does not wait.
func (l *Limiter) wait(ctx context.Context, n int) error {
	if l == nil || n <= 0 {
		return nil
	}
	cost := time.Duration(float64(n) / float64(l.perSecond) * float64(time.Second))
	delay := l.reserve(cost)
	if delay <= 0 {
		return context.Cause(ctx)
	}
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		l.reserve(-cost)
		return context.Cause(ctx)
	}
}

// reserve takes the next stretch of time, and tells how long it is until then.
func (l *Limiter) reserve(cost time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if late := now.Add(-slack); l.free.Before(late) {
		l.free = late
	}
	start := l.free
	l.free = start.Add(cost)
	return start.Sub(now)
}
