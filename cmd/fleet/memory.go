package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fleet/event"
	"fleet/internal/nodeset"
	"fleet/journal"
	"fleet/runner"
	"fleet/tasks"
)

// memory is what was done in the run that is resumed; nil for a new run.
func (a *app) memory(ctx context.Context, f *applyFlags, p *program) (runner.Memory, error) {
	if a.resumed == nil {
		return nil, nil
	}
	state, err := a.resumed.State()
	if err != nil {
		return nil, err
	}
	if changed := changedInputs(ctx, a.resumed.Inputs, p.inputs(ctx)); len(changed) > 0 && !a.global.quiet {
		fmt.Fprintf(a.env.stderr, "fleet: warning: changed since run %s: %s; steps go by their names\n", a.resumed.ID, strings.Join(changed, ", "))
	}
	m := &memory{State: state, done: map[event.StepID]*event.Event{}}
	return m, a.settle(ctx, f, p, m)
}

// A memory is a journal's state with what the user knows besides.
type memory struct {
	*journal.State
	done map[event.StepID]*event.Event // how they ended, as the user says
}

// Ended implements runner.Memory.
func (m *memory) Ended(id event.StepID) *event.Event {
	if e := m.done[id]; e != nil {
		return e
	}
	return m.State.Ended(id)
}

// settle decides about the steps of which nobody knows whether they ran.
func (a *app) settle(ctx context.Context, f *applyFlags, p *program, m *memory) error {
	open := map[event.StepID][]event.StepID{} // by step, without the host
	var order []event.StepID
	for _, id := range m.Open() {
		if s := p.step(id); s == nil || s.Idempotent {
			continue // where it is no step any more, there is nothing to send
		}
		step := event.StepID{Task: id.Task, Section: id.Section, Step: id.Step}
		if open[step] == nil {
			order = append(order, step)
		}
		open[step] = append(open[step], id)
	}
	for _, step := range order {
		names := make([]string, len(open[step]))
		for i, id := range open[step] {
			names[i] = id.Host
		}
		again, err := a.sendAgain(ctx, f, fmt.Sprintf("step %s of task %s was sent to %s, and nobody knows whether it ran", step.Step, step.Task, nodeset.Fold(names)))
		if err != nil {
			return err
		}
		if again {
			continue
		}
		for _, id := range open[step] {
			m.done[id] = &event.Event{Type: event.StepEnd, Time: time.Now(), Outcome: event.OK, Changed: true, Notify: p.step(id).Notify}
		}
	}
	return nil
}

// sendAgain asks whether to carry a step out again whose outcome is not known.
func (a *app) sendAgain(ctx context.Context, f *applyFlags, what string) (bool, error) {
	switch a.resumed.unknown {
	case unknownAgain:
		return true, nil
	case unknownDone:
		return false, nil
	}
	hint := "idempotent = true in the step allows it; --unknown=again sends it once more, --unknown=done takes it for done"
	if f.conn.batch() {
		return false, &usageError{err: errors.New(what), hint: hint, see: "fleet runs resume"}
	}
	answer, err := ask(ctx, strings.ToUpper(what[:1])+what[1:]+". Send it again (a), take it for done (d), or quit (q)? ")
	var signal *signaled
	switch {
	case errors.As(err, &signal):
		return false, err
	case err != nil:
		return false, &usageError{err: errors.New(what), hint: hint, see: "fleet runs resume"}
	case strings.EqualFold(answer, "a"), strings.EqualFold(answer, "again"):
		return true, nil
	case strings.EqualFold(answer, "d"), strings.EqualFold(answer, "done"):
		return false, nil
	default:
		return false, errors.New("not decided: nothing was run")
	}
}

// step is the step or handler that id names; nil where there is none of that name.
func (p *program) step(id event.StepID) *tasks.Step {
	for _, t := range p.plan.Tasks {
		if t.Name != id.Task {
			continue
		}
		steps := t.Steps
		if id.Section == event.Handlers {
			steps = t.Handlers
		}
		if i := slices.IndexFunc(steps, func(s *tasks.Step) bool { return s.Name == id.Step }); i >= 0 {
			return steps[i]
		}
	}
	return nil
}
