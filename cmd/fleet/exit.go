package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fleet/internal/term"
)

// The statuses that fleet's own errors have. Those of a run are counted by
// event.Summary; docs/exit-status.md lists all of them.
const (
	statusError   = 1
	statusDiffers = 3 // fmt --check: a file would change
	// As a shell reports a death by these signals.
	statusInterrupted = 130
	statusQuit        = 131
	statusClosedPipe  = 141
	statusTerminated  = 143
)

// An exitError ends fleet with a status and no message: what there is to say was
// said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exit wraps status; nil where that is 0.
func exit(status int) error {
	if status == 0 {
		return nil
	}
	return exitError(status)
}

// A usageError is a mistake on the command line.
type usageError struct {
	err  error
	hint string // what to do in place of it; may be empty
	see  string // the command whose help tells more: "fleet run"
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// badUsage is a usageError for a mistake that a command finds by itself.
func badUsage(format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...)}
}

// exitStatus is the one place that knows which error means which status.
func exitStatus(err error) int {
	var (
		status exitError
		signal *signaled
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &signal):
		return signal.status()
	case closedPipe(err):
		return statusClosedPipe
	default:
		return statusError
	}
}

// report says on stderr what err has to say.
func (a *app) report(err error) {
	var (
		status exitError
		signal *signaled
		usage  *usageError
		choice *selectionError
	)
	switch {
	case err == nil, errors.As(err, &status), errors.As(err, &signal), closedPipe(err):
		return
	case errors.As(err, &usage):
		a.complain(err)
		if usage.hint != "" {
			a.hint(usage.hint)
		}
		if usage.see != "" {
			fmt.Fprintf(a.env.stderr, "see: %s --help\n", usage.see)
		}
	case errors.As(err, &choice):
		a.complain(err)
		if choice.from != "" {
			fmt.Fprintf(a.env.stderr, "inventory: %s\n", term.Clean(choice.from))
		}
	default:
		a.complain(err)
	}
}

// complain prints err as fleet's own. An error of several lines is several
// errors. Packages put a hint at the end of a message; here hints come last, on
// lines of their own, each once.
func (a *app) complain(err error) {
	var hints []string
	for line := range strings.SplitSeq(strings.TrimRight(err.Error(), "\n"), "\n") {
		message, hint, ok := strings.Cut(line, "; hint: ")
		fmt.Fprintf(a.env.stderr, "fleet: %s\n", term.Clean(a.redactor.String(message)))
		if ok && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	for _, hint := range hints {
		a.hint(hint)
	}
}

// hint prints what to do about an error.
func (a *app) hint(s string) {
	fmt.Fprintf(a.env.stderr, "hint: %s\n", term.Clean(a.redactor.String(s)))
}

// run is fleet: it carries out args and returns the exit status.
func run(ctx context.Context, args []string, e env) int {
	a := newApp(e)
	defer a.close()
	return untilQuit(ctx, func(ctx context.Context) int { return a.run(ctx, args) })
}

func (a *app) run(ctx context.Context, args []string) int {
	root := newRootCommand(a)
	args, err := normalize(root, args)
	if err == nil {
		a.args = args
		root.SetArgs(args)
		_, err = root.ExecuteContextC(ctx)
	}
	a.report(err)
	return exitStatus(err)
}
