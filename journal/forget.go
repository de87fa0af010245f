package journal

import "fleet/event"

// works drops the ends of always steps: they are due after what is sent now.
func (s *State) works(p part) {
	for id := range s.ended[p] {
		if id.Section == event.Always {
			delete(s.ended[p], id)
		}
	}
}

// undo notes that always steps may undo what the host has done by now.
func (s *State) undo(p part) {
	for id, d := range s.ended[p] {
		if id.Section != event.Always {
			d.undone = true
			s.ended[p][id] = d
		}
	}
}

// repeated makes a step due again that did not go well when it was repeated.
func (s *State) repeated(p part, e *event.Event) {
	if e.Type != event.StepEnd || e.Ignored || e.Outcome == event.OK || e.Outcome == event.Skipped {
		return
	}
	id := e.StepID()
	id.Section = event.Steps
	delete(s.ended[p], id)
}

// forget drops what a host has done of a task: it is undone. What it did once for
// all hosts is not: there is nobody who would take that back for one of them.
func (s *State) forget(p part) {
	for id := range s.ended[p] {
		if !s.once[hostless(id)] {
			delete(s.ended[p], id)
		}
	}
	for id := range s.open {
		if id.Task == p.task && id.Host == p.host && id.Section != event.Revert && !s.once[hostless(id)] {
			delete(s.open, id)
		}
	}
}

// forgetOnce drops what was done once for all hosts of a task, by whichever host:
// the task undoes it once.
func (s *State) forgetOnce(task string) {
	for p, deeds := range s.ended {
		for id := range deeds {
			if p.task == task && s.once[hostless(id)] {
				delete(deeds, id)
			}
		}
	}
	for id := range s.open {
		if id.Task == task && s.once[hostless(id)] {
			delete(s.open, id)
		}
	}
}

// hostless is a step whichever host carries it out, and where.
func hostless(id event.StepID) event.StepID {
	return event.StepID{Task: id.Task, Section: id.Section, Step: id.Step}
}
