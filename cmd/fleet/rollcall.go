package main

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"fleet/event"
	"fleet/internal/nodeset"
)

// A rollcall is a Sink that knows of which hosts it is not certain how they
// ended, and which had no turn.
type rollcall struct {
	tally event.Tally

	mu       sync.Mutex
	began    time.Time // guarded by mu, as all that follows
	selected []string
	state    map[string]rollState
	open     map[event.StepID]bool // sent, and not ended
}

type rollState int

const (
	noTurn   rollState = iota
	atWork             // host_start was told
	ended              // host_end was told
	doubtful           // host_end was told, and nobody can say how it ended
	missed             // host_end was told: it had no turn
)

// Emit implements event.Sink.
func (r *rollcall) Emit(e *event.Event) {
	state := ended
	switch e.Type {
	default:
		return
	case event.RunStart, event.StepStart, event.StepEnd:
	case event.HostStart:
		state = atWork
	case event.HostEnd:
		r.tally.Emit(e)
		switch e.Outcome {
		case event.Unknown:
			state = doubtful
		case event.NotAttempted:
			state = missed
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Type {
	case event.RunStart:
		r.began, r.selected = e.Time, e.Hosts
		r.state, r.open = make(map[string]rollState, len(e.Hosts)), map[event.StepID]bool{}
	case event.StepStart:
		r.open[e.StepID()] = true
	case event.StepEnd:
		if len(r.open) > 0 {
			delete(r.open, e.StepID())
		}
	default:
		r.state[e.Host] = state
	}
}

// call lists hosts, in selection order: those whose end is not certain, and
// those that had no turn.
func (r *rollcall) call() (atLarge, without []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.selected {
		switch r.state[h] {
		case atWork, doubtful:
			atLarge = append(atLarge, h)
		case noTurn, missed:
			without = append(without, h)
		}
	}
	return atLarge, without
}

// untold lists the hosts without a host_end: those at work, and those that had no
// turn by now.
func (r *rollcall) untold() (working, without []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.selected {
		switch r.state[h] {
		case atWork:
			working = append(working, h)
		case noTurn:
			without = append(without, h)
		}
	}
	return working, without
}

// sent are the steps that were sent and have not ended.
func (r *rollcall) sent() []event.StepID {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []event.StepID
	for id := range r.open {
		list = append(list, id)
	}
	return list
}

// machines are those on which a step may still run: the hosts themselves, or the
// ones that steps are delegated to, sorted.
func (r *rollcall) machines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for id := range r.open {
		list = append(list, cmp.Or(id.On, id.Host))
	}
	for h, state := range r.state {
		if state == doubtful {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, nodeset.Compare)
	return slices.Compact(list)
}

// start is when the run began.
func (r *rollcall) start() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.began
}
