package runner

import (
	"context"
	"math"
	"time"

	"fleet/event"
	"fleet/tasks"
	"fleet/transport"
)

// retries decides whether a call is tried again.
type retries struct {
	step    *tasks.Step
	failed  int  // attempts so far
	resent  bool // it was sent again because it is idempotent
	delayed time.Duration
}

// next says whether another attempt follows the one that ended as e, and after
// which time.
func (t *retries) next(ctx context.Context, e *event.Event) (delay time.Duration, again bool) {
	t.failed++
	if ctx.Err() != nil || e.Outcome == event.OK {
		return 0, false
	}
	if t.failed < t.step.Retry.Attempts && t.worthwhile(e) {
		return t.delay(), true
	}
	if t.step.Idempotent && !t.resent && e.Outcome == event.Unknown && e.Kind == string(transport.KindLost) {
		t.resent = true
		return 0, true
	}
	return 0, false
}

// worthwhile reports whether it may go better the next time. A command that may
// still run is sent again only where the step says that this does no harm, or
// changes nothing anyhow.
func (t *retries) worthwhile(e *event.Event) bool {
	switch transport.Kind(e.Kind) {
	case transport.KindAuth, transport.KindHostKey, transport.KindRefused, transport.KindCanceled:
		return false
	}
	return e.Outcome != event.Unknown || t.step.Idempotent || !t.step.Changes()
}

// delay grows by the factor of the step, up to its bound.
func (t *retries) delay() time.Duration {
	r := t.step.Retry
	if t.delayed == 0 {
		t.delayed = r.Delay
	} else if r.Backoff > 1 {
		t.delayed = time.Duration(min(float64(t.delayed)*r.Backoff, math.MaxInt64/2))
	}
	if r.MaxDelay > 0 {
		t.delayed = min(t.delayed, r.MaxDelay)
	}
	return t.delayed
}
