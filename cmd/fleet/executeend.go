package main

import (
	"fmt"
	"sync"
	"time"

	"fleet/event"
	"fleet/internal/nodeset"
)

// end closes the outputs and turns the summary into fleet's exit status.
func (x *execution) end(s *event.Summary) error {
	x.close()
	status := s.ExitStatus()
	x.unfinished = status != 0
	err := x.failure()
	x.app.report(err)
	if err != nil && (status == 0 || s.Why == event.Aborted) {
		status = exitStatus(err)
	}
	if !closedPipe(err) {
		x.tellRest()
	}
	if status == 0 && x.side != nil && x.side.lost() {
		status = statusError
	}
	return exit(status)
}

// close prints what is still held back and gives back what is held.
func (x *execution) close() {
	if err := x.renderer.Close(); err != nil {
		x.fail(err)
	}
	if x.files != nil {
		_ = x.files.Close() // fileFailed was told
	}
	if x.stdin != nil {
		x.stdin.close()
	}
	if err := x.record.close(); err != nil && x.kind == kindApply {
		x.fail(err)
	}
}

// restMax bounds the names in a hint, in bytes: a line that a shell and a
// person can take.
const restMax = 4000

// tellRest says how to go on with what was not done.
func (x *execution) tellRest() {
	_, missed := x.roll.call()
	switch {
	case x.app.global.quiet || x.app.guided || x.kind == kindPlan:
		return
	case x.kind == kindApply:
		if x.unfinished && x.record != nil {
			x.app.hint("to go on with what failed or was not reached: fleet runs resume " + x.record.id())
		}
		return
	case len(missed) == 0:
		return
	}
	if names := nodeset.Fold(missed); len(names) <= restMax {
		x.app.hint("to go on with the rest: -w '" + names + "'")
	}
}

// leaveWait is how long a user who leaves waits for what was gathered.
const leaveWait = 500 * time.Millisecond

// leave is the end without waiting: it prints what there is and names every
// host that may still be running something. They end it by themselves when the
// connection goes.
func (x *execution) leave(why *signaled) error {
	closed := make(chan struct{})
	go func() { // ends with the process where nobody reads the output
		defer close(closed)
		_ = x.renderer.Close()
	}()
	timer := time.NewTimer(leaveWait)
	defer timer.Stop()
	select {
	case <-closed:
	case <-timer.C:
	}
	running, _ := x.roll.call()
	if len(running) > 0 {
		fmt.Fprintf(x.app.env.stderr, "fleet: left at once; it was not confirmed that the command has ended on %s: %s\n",
			plural(len(running), "host"), nodeset.Fold(running))
	}
	x.unfinished = true
	x.tellRest()
	return why
}

// A rollcall is a Sink that knows of which hosts it is not certain how they
// ended, and which had no turn.
type rollcall struct {
	mu       sync.Mutex
	selected []string
	state    map[string]rollState // guarded by mu
}

type rollState int

const (
	noTurn rollState = iota
	atWork           // or nobody can say how it ended
	ended
)

// Emit implements event.Sink.
func (r *rollcall) Emit(e *event.Event) {
	var state rollState
	switch {
	case e.Type == event.RunStart:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.selected, r.state = e.Hosts, make(map[string]rollState, len(e.Hosts))
		return
	case e.Type == event.HostStart, e.Type == event.HostEnd && e.Outcome == event.Unknown:
		state = atWork
	case e.Type == event.HostEnd && e.Outcome != event.NotAttempted:
		state = ended
	case e.Type != event.HostEnd:
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state[e.Host] = state
}

// call lists hosts, in selection order: those whose end is not certain, and
// those that had no turn.
func (r *rollcall) call() (atLarge, missed []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.selected {
		switch r.state[h] {
		case atWork:
			atLarge = append(atLarge, h)
		case noTurn:
			missed = append(missed, h)
		}
	}
	return atLarge, missed
}
