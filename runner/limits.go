package runner

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A timeLimit is the cause of a command's end when its time is over. It is a
// context.DeadlineExceeded to those who ask.
type timeLimit struct{ text string }

func (t *timeLimit) Error() string { return t.text }

// Is makes errors.Is(err, context.DeadlineExceeded) true.
func (t *timeLimit) Is(target error) bool { return target == context.DeadlineExceeded }

// limits watches the time of one command or transfer.
type limits struct {
	total, idle time.Duration
	cancel      context.CancelCauseFunc
	quiet       string // what it says where idle is over
	made        time.Time
	active      atomic.Int64 // when something was last printed, or it was started, in ns since made

	mu     sync.Mutex
	timers []*time.Timer // guarded by mu
	ended  bool          // guarded by mu
}

// newLimits returns a context that ends when a limit is passed. start begins
// the count; stop must be called.
func newLimits(ctx context.Context, total, idle time.Duration) (context.Context, *limits) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &limits{total: total, idle: idle, cancel: cancel, quiet: "printed nothing", made: time.Now()}
}

func (l *limits) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || l.timers != nil {
		return
	}
	l.progress()
	if l.total > 0 {
		l.timers = append(l.timers, time.AfterFunc(l.total, func() {
			l.cancel(&timeLimit{fmt.Sprintf("timed out after %s", l.total)})
		}))
	}
	if l.idle > 0 {
		var t *time.Timer
		t = time.AfterFunc(time.Hour, func() { l.checkIdle(t) })
		t.Reset(l.idle)
		l.timers = append(l.timers, t)
	}
}

// progress notes that the command printed something, or something moved.
func (l *limits) progress() {
	if l.idle > 0 {
		l.active.Store(int64(time.Since(l.made)))
	}
}

// checkIdle runs when the timer fires, and sets it again for what is left of
// the idle time: cheaper than a reset with every line.
func (l *limits) checkIdle(t *time.Timer) {
	left := l.idle - (time.Since(l.made) - time.Duration(l.active.Load()))
	if left <= 0 {
		l.cancel(&timeLimit{fmt.Sprintf("%s for %s", l.quiet, l.idle)})
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		t.Reset(left)
	}
}

func (l *limits) stop() {
	l.mu.Lock()
	l.ended = true
	for _, t := range l.timers {
		t.Stop()
	}
	l.mu.Unlock()
	l.cancel(nil)
}
