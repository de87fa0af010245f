package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"fleet/event"
	"fleet/internal/term"
	"fleet/runner"
)

// A signaled is the cause for which a signal ended something. To a run it is a
// *runner.Stop, to exitStatus the status by which shells tell of the signal.
type signaled struct{ signal os.Signal }

func (s *signaled) Error() string { return s.stop().Error() }
func (s *signaled) Unwrap() error { return s.stop() }

func (s *signaled) stop() *runner.Stop {
	if s.signal == os.Interrupt || s.signal == syscall.SIGQUIT {
		return &runner.Stop{Why: event.Interrupted}
	}
	return &runner.Stop{Why: event.Terminated}
}

// status is the exit status. That of SIGHUP is the one of SIGTERM: to a run they
// are the same.
func (s *signaled) status() int {
	switch s.signal {
	case os.Interrupt:
		return statusInterrupted
	case syscall.SIGQUIT:
		return statusQuit
	default:
		return statusTerminated
	}
}

// interrupted is the signal that ended ctx, or err where none did.
func interrupted(ctx context.Context, err error) error {
	var s *signaled
	if errors.As(context.Cause(ctx), &s) {
		return s
	}
	return err
}

// untilSignal ends the context at Ctrl-C, or when the process is told to end;
// interrupted then knows the exit status. Call finish when the work is done.
func untilSignal(ctx context.Context) (_ context.Context, finish func()) {
	ctx, stop := context.WithCancelCause(ctx)
	signals := watchSignals(stop, nil, nil)
	return ctx, func() {
		signals.close()
		stop(nil)
	}
}

// prompt lets ask put a question to the user. Where a signal ends it, that is
// the error: package term says only that there was one.
func prompt(ctx context.Context, ask func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	over := make(chan struct{})
	go func() { // ends with close(signals)
		defer close(over)
		if s, ok := <-signals; ok {
			stop(&signaled{s})
		}
	}()
	err := ask(ctx)
	if errors.Is(err, term.ErrInterrupted) {
		<-ctx.Done() // what interrupted it comes here as well
	}
	signal.Stop(signals)
	close(signals)
	<-over
	if err == nil {
		return nil
	}
	return interrupted(ctx, err)
}

// quitWait bounds how long a command may take to end after SIGQUIT: the time to
// say on which hosts something may still be running.
const quitWait = 2 * time.Second

// untilQuit carries out work, and ends without it soon after SIGQUIT (Ctrl-\).
// Nobody wants to see the stacks that Go prints by default.
func untilQuit(ctx context.Context, work func(context.Context) int) int {
	quit := make(chan os.Signal, 1)
	if signal.Ignored(syscall.SIGQUIT) { // by a shell, for what runs in the background
		return work(ctx)
	}
	signal.Notify(quit, syscall.SIGQUIT)
	defer signal.Stop(quit)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	done := make(chan int, 1)
	go func() { done <- work(ctx) }() // ends before, or with, the process
	select {
	case status := <-done:
		return status
	case s := <-quit:
		stop(&signaled{s})
	}
	timer := time.NewTimer(quitWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	return statusQuit
}
