package runner

import (
	"sync"
	"time"

	"fleet/event"
)

// A hostRun is one host of the run. Several tasks may be at work on it at the
// same time; it ends with the last of them.
type hostRun struct {
	run  *planRun
	name string
	left int // tasks that have not ended on it; guarded by mu once they run

	mu    sync.Mutex
	began time.Time    // when its first task began; guarded by mu
	end   *event.Event // the worst end of a task so far, nil for a good one; guarded by mu
}

// begin tells that the host is at work, the first time.
func (h *hostRun) begin() {
	h.mu.Lock()
	first := h.began.IsZero()
	if first {
		h.began = time.Now()
	}
	h.mu.Unlock()
	if first {
		h.run.emit(&event.Event{Type: event.HostStart, Host: h.name})
	}
}

// taskEnded notes how a task ended on the host, nil for well, and tells the end
// of the host after the last one.
func (h *hostRun) taskEnded(end *event.Event) {
	h.mu.Lock()
	h.left--
	h.end = worse(h.end, end)
	last, e := h.left == 0, &event.Event{Outcome: event.OK}
	if h.end != nil {
		e = h.end
	}
	if !h.began.IsZero() {
		e.Duration = time.Since(h.began)
	}
	h.mu.Unlock()
	if last {
		e.Type, e.Host = event.HostEnd, h.name
		h.run.emit(e)
	}
}

// worse is the one of two ends that matters more; of equal ones the first. nil
// is a good end.
func worse(a, b *event.Event) *event.Event {
	if a == nil || b != nil && gravity(b.Outcome) > gravity(a.Outcome) {
		return b
	}
	return a
}

// gravity orders outcomes by how much they matter to who has to act on them:
// most of all what nobody can say.
func gravity(o event.Outcome) int {
	order := map[event.Outcome]int{
		event.OK: 0, event.NotAttempted: 1, event.Stopped: 2, event.Unreachable: 3,
		event.Timeout: 4, event.Failed: 5, event.Unknown: 6,
	}
	return order[o]
}
