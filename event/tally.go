package event

import "sync"

// Why is the reason for which a run ended before all hosts had their turn.
type Why string

// The reasons.
const (
	Completed   Why = ""            // it did not: every host was attempted
	Threshold   Why = "threshold"   // too many failures
	Deadline    Why = "deadline"    // --deadline passed
	Interrupted Why = "interrupted" // Ctrl-C
	Terminated  Why = "terminated"  // SIGTERM
	Aborted     Why = "aborted"     // fleet itself could not go on, such as a full disk
)

// A Summary is what a run comes to.
type Summary struct {
	// Counts holds the number of hosts by outcome; outcomes that did not
	// occur are absent.
	Counts map[Outcome]int
	// Largest is the largest remote exit status seen, 255 for a host without
	// one (unreachable, lost), as ssh reports it.
	Largest int
	// ByLargest makes that the exit status of a run that was not cut short.
	ByLargest bool
	Why       Why
}

// ExitStatus is the status of the process, by the table in docs/exit-status.md:
// the most important thing that happened wins.
func (s *Summary) ExitStatus() int {
	failed := s.Counts[Failed]+s.Counts[Timeout]+s.Counts[Unknown]+s.Counts[Stopped] > 0
	unreachable := s.Counts[Unreachable] > 0
	switch {
	case s.Why == Interrupted:
		return 130
	case s.Why == Terminated:
		return 143
	case s.Why == Deadline:
		return 124
	case s.Why == Aborted:
		return 1
	case s.Why == Threshold:
		return 3
	case s.ByLargest:
		return s.Largest
	case failed && unreachable:
		return 6
	case unreachable:
		return 4
	case failed:
		return 2
	default:
		return 0
	}
}

// A Tally is a Sink that counts how hosts ended.
type Tally struct {
	mu sync.Mutex
	s  Summary // guarded by mu
}

// Emit counts HostEnd events.
func (t *Tally) Emit(e *Event) {
	if e.Type != HostEnd {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.s.Counts == nil {
		t.s.Counts = make(map[Outcome]int)
	}
	t.s.Counts[e.Outcome]++
	switch {
	case e.Outcome == NotAttempted:
	case e.Status >= 0:
		t.s.Largest = max(t.s.Largest, e.Status)
	default:
		t.s.Largest = 255
	}
}

// Summary is a copy of the count so far.
func (t *Tally) Summary(why Why) *Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &Summary{Counts: make(map[Outcome]int, len(t.s.Counts)), Largest: t.s.Largest, Why: why}
	for k, v := range t.s.Counts {
		s.Counts[k] = v
	}
	return s
}
