package transfer

import (
	"context"
	"time"
)

// cleanTime bounds how long a transfer that is stopped takes to end what it is at, and
// to remove what it made.
const cleanTime = 5 * time.Second

// outlast is for what is not to be left in the middle: its context ends cleanTime later
// than ctx. What it holds is given back by done.
func outlast(ctx context.Context) (longer context.Context, done func()) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { // ends with done
		timer := time.NewTimer(cleanTime)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(context.Cause(ctx))
		case <-longer.Done():
		}
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
}
