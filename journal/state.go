package journal

import (
	"fmt"
	"path/filepath"
	"slices"

	"fleet/event"
)

// DoneEarlier is the reason with which a resumed run skips a step that need not
// be done again.
const DoneEarlier = "done in an earlier run"

// A State is what a run, with those that it went on from, has done by its end.
// It does not change, and may be used by many goroutines.
type State struct {
	ended map[part]map[event.StepID]deed
	open  map[event.StepID]int  // sent, and nobody knows how it ended -> when it was
	once  map[event.StepID]bool // steps that are for all hosts of their task, without a host
	past  map[string]bool       // tasks of which a batch after the first had its turn
	count int
}

// A part is what one host does of one task.
type part struct{ task, host string }

// A deed is something that was done.
type deed struct {
	end    *event.Event
	undone bool // perhaps: see Undone
}

// State reads what need not be done again when the run is resumed.
func (r *Run) State() (*State, error) {
	chain := []*Run{r}
	for older := r; older.Resumes != ""; {
		id := older.Resumes
		if slices.ContainsFunc(chain, func(r *Run) bool { return r.ID == id }) {
			return nil, fmt.Errorf("run %q resumes itself", id)
		}
		var err error
		if older, err = r.store.run(id); err != nil {
			return nil, fmt.Errorf("what run %q had done is not known any more: %w (hint: apply everything again)", id, err)
		}
		chain = append(chain, older)
	}
	s := newState()
	for _, r := range slices.Backward(chain) {
		if err := s.read(r); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// read adds what r did. Without its beginning the events are not those of the run,
// and to take them for all of it would be to do everything again.
func (s *State) read(r *Run) error {
	begun := false
	err := r.Events(func(e *event.Event) error {
		begun = begun || e.Type == event.RunStart
		s.add(e)
		return nil
	})
	if err != nil || begun {
		return err
	}
	return fmt.Errorf("nothing is known of what run %q has done: %q does not hold its beginning; to resume it would do everything again (hint: apply everything again, if that may be)",
		r.ID, filepath.Join(r.folder, eventsFile))
}

func newState() *State {
	return &State{
		ended: make(map[part]map[event.StepID]deed), open: make(map[event.StepID]int),
		once: make(map[event.StepID]bool), past: make(map[string]bool),
	}
}

// Ended is the end of a step that need not be carried out again, or nil. Only
// steps of the task itself, handlers and always steps are remembered, and only
// where they succeeded, or had already been done in a run before. An always step
// is forgotten when another step is sent for the host.
func (s *State) Ended(id event.StepID) *event.Event {
	return s.ended[part{id.Task, id.Host}][id].end
}

// Undone reports whether a step that ended well may have been undone since: the
// host did not end well, and its always steps were carried out.
func (s *State) Undone(id event.StepID) bool {
	return s.ended[part{id.Task, id.Host}][id].undone
}

// Promoted reports whether the rollout of a task went on after its first batch, the
// canary, so that whoever had to agree to that has done so.
func (s *State) Promoted(task string) bool { return s.past[task] }

// Open is the steps that were sent, in that order, and of which nobody knows how
// they ended.
func (s *State) Open() []event.StepID {
	ids := make([]event.StepID, 0, len(s.open))
	for id := range s.open {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b event.StepID) int { return s.open[a] - s.open[b] })
	return ids
}

// add takes the next event.
func (s *State) add(e *event.Event) {
	if e.Type == event.BatchStart && e.Batch > 1 {
		s.past[e.Task] = true
	}
	if e.Type != event.StepStart && e.Type != event.StepEnd {
		return
	}
	p := part{e.Task, e.Host}
	if e.Type == event.StepStart && e.Section != event.Always {
		s.works(p)
	}
	switch e.Section {
	case event.Steps, event.Handlers, event.Always:
	case event.Health:
		s.repeated(p, e)
		return
	case event.Revert:
		s.forget(p)
		if e.Once && e.Type == event.StepStart {
			s.forgetOnce(e.Task)
		}
	default:
		return // what follows a failure is done again whenever it is due
	}
	id := e.StepID()
	if e.Once && e.Section == event.Steps {
		s.once[hostless(id)] = true
	}
	switch {
	case e.Type == event.StepStart && e.Section == event.Always:
		delete(s.ended[p], id)
		if e.Outcome != "" {
			s.undo(p)
		}
	case e.Type == event.StepStart:
		delete(s.ended[p], id)
		s.sent(id)
	case e.Outcome == event.Unknown && e.Section != event.Always:
		s.sent(id)
	default:
		delete(s.open, id)
		if e.Section != event.Revert {
			s.done(id, e)
		}
	}
}

// sent notes that a step may have been carried out.
func (s *State) sent(id event.StepID) {
	if _, ok := s.open[id]; !ok {
		s.count++
		s.open[id] = s.count
	}
}

// done keeps the end of a step in mind, if it need not be carried out again.
// Where it was skipped for a reason of this run, what was done before stands; also
// when: by their times it is known which handlers came after what notified them.
func (s *State) done(id event.StepID, e *event.Event) {
	earlier := e.Outcome == event.Skipped && e.Reason == DoneEarlier
	if e.Outcome != event.OK && !earlier {
		return
	}
	p := part{e.Task, e.Host}
	if s.ended[p] == nil {
		s.ended[p] = make(map[event.StepID]deed)
	}
	if d, known := s.ended[p][id]; known && earlier {
		s.ended[p][id] = deed{end: d.end}
		return
	}
	s.ended[p][id] = deed{end: e}
	if earlier {
		return
	}
	// A handler that was carried out before is due once more.
	for _, name := range e.Notify {
		for other := range s.ended[p] {
			if other.Section == event.Handlers && other.Step == name {
				delete(s.ended[p], other)
			}
		}
	}
}
