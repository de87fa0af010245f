package runner

import (
	"context"
	"errors"
	"fmt"

	"fleet/tasks"
)

// A QuestionKind says what the user is asked.
type QuestionKind string

// The kinds.
const (
	AskPromote QuestionKind = "promote" // whether to go on after a good canary
	AskStep    QuestionKind = "step"    // whether to carry out a step
)

// A Question is what the user has to decide.
type Question struct {
	Kind       QuestionKind
	Task, Step string
	Hosts      []string // AskPromote: those that come next; AskStep: those of the batch
}

// An Answer is what the user has decided.
type Answer int

// The answers.
const (
	No   Answer = iota // stop the run
	Yes                // go on
	Skip               // AskStep: leave the step out on these hosts
)

// errRefused is why a run ends that the user does not want to go on.
var errRefused = errors.New("the answer was no")

// ask puts one question at a time.
func (r *planRun) ask(ctx context.Context, q Question) (Answer, error) {
	if r.cfg.Ask == nil {
		return Yes, nil
	}
	select {
	case r.asking <- struct{}{}:
	case <-ctx.Done():
		return No, context.Cause(ctx)
	}
	defer func() { <-r.asking }()
	if ctx.Err() != nil {
		return No, context.Cause(ctx)
	}
	return r.cfg.Ask(ctx, q)
}

// askPromote returns nil where the user wants to go on after the canary.
func (r *planRun) askPromote(ctx context.Context, q Question) error {
	answer, err := r.ask(ctx, q)
	switch {
	case err != nil:
		return fmt.Errorf("the canary was not promoted: %w", err)
	case answer != Yes:
		return errors.New("the canary was not promoted")
	}
	return nil
}

// A consent is the answer to whether a step is carried out on the hosts of a
// batch. The first host that gets there asks, for all of them.
type consent struct {
	first chan struct{} // holds one element until somebody asks
	done  chan struct{} // closed when there is an answer

	answer Answer // set when done is closed
	err    error
}

func newConsent() *consent {
	c := &consent{first: make(chan struct{}, 1), done: make(chan struct{})}
	c.first <- struct{}{}
	return c
}

// consented reports whether the user lets s be carried out. The host has no
// place while the user thinks.
func (w *hostWalk) consented(ctx context.Context, s *tasks.Step) (bool, error) {
	c := w.batch.consents[s]
	if c == nil {
		return true, nil
	}
	select {
	case <-c.first:
		w.leavePlace()
		c.answer, c.err = w.run.ask(ctx, Question{
			Kind: AskStep, Task: w.task.plan.Name, Step: s.Name, Hosts: w.task.names(w.batch.hosts),
		})
		close(c.done)
	default:
	}
	if err := w.await(ctx, c.done); err != nil {
		return false, err
	}
	switch {
	case c.err != nil:
		return false, c.err
	case c.answer == No:
		w.run.refused.Store(true)
		return false, errRefused
	}
	return c.answer == Yes, nil
}
