package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/runner"
)

// ask puts the questions of a run of tasks to the user; nil where all of them are
// answered beforehand.
func (x *execution) ask(f *applyFlags) func(context.Context, runner.Question) (runner.Answer, error) {
	if f.yes && !f.confirm {
		return nil
	}
	return func(ctx context.Context, q runner.Question) (answer runner.Answer, err error) {
		if q.Kind == runner.AskPromote && f.yes {
			return runner.Yes, nil
		}
		x.renderer.Suspend(func() { answer, err = askQuestion(ctx, q) })
		var signal *signaled
		if errors.As(err, &signal) {
			x.stop(signal)
		}
		return answer, err
	}
}

// askQuestion asks until it gets an answer. Without a terminal it is an error.
func askQuestion(ctx context.Context, q runner.Question) (runner.Answer, error) {
	hosts := fmt.Sprintf("%s (%s)", plural(len(q.Hosts), "host"), term.Clean(nodeset.Fold(q.Hosts)))
	text := fmt.Sprintf("%s: the canary is done. Go on, next with %s? [y/N] ", term.Clean(q.Task), hosts)
	if q.Kind == runner.AskStep {
		text = fmt.Sprintf("%s: carry out step %s on %s? [y]es, [s]kip it, [q]uit: ", q.Task, q.Step, hosts)
	}
	for {
		answer, err := ask(ctx, text)
		if errors.Is(err, term.ErrNoTerminal) {
			return runner.No, errors.New("there is no terminal to ask on, and no --yes")
		}
		if err != nil {
			return runner.No, err
		}
		switch answer = strings.ToLower(strings.TrimSpace(answer)); {
		case isYes(answer):
			return runner.Yes, nil
		case q.Kind == runner.AskPromote, answer == "q", answer == "quit":
			return runner.No, nil
		case answer == "s", answer == "skip":
			return runner.Skip, nil
		}
	}
}
