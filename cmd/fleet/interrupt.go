package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"fleet/event"
	"fleet/runner"
)

// twice is the time within which a second Ctrl-C means "stop".
const twice = 2 * time.Second

// An interrupter turns signals into the end of a run. On a terminal the first
// Ctrl-C only shows what is going on; a second one soon after, or any other
// signal, stops the run; the next one leaves at once.
type interrupter struct {
	stop  context.CancelCauseFunc
	tell  func() // shows the state of every unfinished host; nil: stop at the first
	leave chan struct{}

	signals  chan os.Signal
	finished chan struct{}
}

// watchSignals starts an interrupter; end it with close.
func watchSignals(stop context.CancelCauseFunc, tell func()) *interrupter {
	i := &interrupter{
		stop: stop, tell: tell, leave: make(chan struct{}),
		signals: make(chan os.Signal, 4), finished: make(chan struct{}),
	}
	signal.Notify(i.signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go i.loop() // ends with close
	return i
}

func (i *interrupter) close() {
	signal.Stop(i.signals)
	close(i.signals)
	<-i.finished
}

func (i *interrupter) loop() {
	defer close(i.finished)
	var last time.Time
	stopping := false
	for s := range i.signals {
		now := time.Now()
		switch {
		case stopping:
			select {
			case <-i.leave:
			default:
				close(i.leave)
			}
		case s != os.Interrupt:
			stopping = true
			i.stop(&runner.Stop{Why: event.Terminated})
		case i.tell != nil && now.Sub(last) > twice:
			last = now
			i.tell()
		default:
			stopping = true
			i.stop(&runner.Stop{Why: event.Interrupted})
		}
	}
}

// untilSignal ends the context at Ctrl-C, or when the process is told to end;
// interrupted then knows the exit status. Call finish when the work is done.
func untilSignal(ctx context.Context) (_ context.Context, finish func()) {
	ctx, stop := context.WithCancelCause(ctx)
	signals := watchSignals(stop, nil)
	return ctx, func() {
		signals.close()
		stop(nil)
	}
}

// interrupted is err, or the exit status of the signal that ended ctx.
func interrupted(ctx context.Context, err error) error {
	var s *runner.Stop
	if errors.As(context.Cause(ctx), &s) {
		return exit((&event.Summary{Why: s.Why}).ExitStatus())
	}
	return err
}
