package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
	"fleet/runner"
)

func TestSignalsEndARun(t *testing.T) {
	const ms = time.Millisecond
	type at struct {
		after  time.Duration // since the one before
		signal os.Signal
	}
	tests := []struct {
		name     string
		terminal bool
		signals  []at
		told     int
		why      event.Why
		left     bool
		status   int // of the one who left; 0: not looked at
	}{
		{name: "none", why: event.Completed},
		{name: "the first stops", signals: []at{{0, os.Interrupt}}, why: event.Interrupted},
		{name: "TERM stops", signals: []at{{0, syscall.SIGTERM}}, why: event.Terminated},
		{name: "HUP stops", signals: []at{{0, syscall.SIGHUP}}, why: event.Terminated},
		{name: "the next leaves", signals: []at{{0, os.Interrupt}, {time.Second, os.Interrupt}}, why: event.Interrupted, left: true, status: 130},
		{name: "long after as well", signals: []at{{0, syscall.SIGTERM}, {time.Minute, os.Interrupt}}, why: event.Terminated, left: true, status: 143},
		{name: "twice at one time is once", signals: []at{{0, syscall.SIGTERM}, {ms, syscall.SIGTERM}}, why: event.Terminated},
		{name: "on a terminal the first tells", terminal: true, signals: []at{{0, os.Interrupt}}, told: 1},
		{name: "the second stops", terminal: true, signals: []at{{0, os.Interrupt}, {1900 * ms, os.Interrupt}}, told: 1, why: event.Interrupted},
		{name: "later it tells again", terminal: true, signals: []at{{0, os.Interrupt}, {2100 * ms, os.Interrupt}}, told: 2},
		{name: "the third leaves", terminal: true, signals: []at{{0, os.Interrupt}, {time.Second, os.Interrupt}, {time.Second, os.Interrupt}}, told: 1, why: event.Interrupted, left: true},
		{name: "TERM stops on a terminal too", terminal: true, signals: []at{{0, syscall.SIGTERM}}, why: event.Terminated},
		{name: "QUIT leaves at once", signals: []at{{0, syscall.SIGQUIT}}, why: event.Interrupted, left: true, status: 131},
		{name: "also on a terminal", terminal: true, signals: []at{{0, os.Interrupt}, {time.Second, syscall.SIGQUIT}}, told: 1, why: event.Interrupted, left: true, status: 131},
		{name: "also while it is stopping", signals: []at{{0, syscall.SIGTERM}, {ms, syscall.SIGQUIT}}, why: event.Terminated, left: true, status: 131},
		{name: "a fourth is dropped", signals: []at{{0, os.Interrupt}, {time.Second, os.Interrupt}, {time.Second, os.Interrupt}}, why: event.Interrupted, left: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancelCause(t.Context())
				told := 0
				var tell func()
				if tt.terminal {
					tell = func() { told++ }
				}
				i := newInterrupter(stop, tell)
				go i.loop()
				for _, s := range tt.signals {
					time.Sleep(s.after) // of the bubble: it takes no time
					i.signals <- s.signal
					synctest.Wait()
				}
				why := event.Completed
				var given *runner.Stop
				if errors.As(context.Cause(ctx), &given) {
					why = given.Why
				}
				left := false
				select {
				case <-i.leave:
					left = true
				default:
				}
				i.close()
				if told != tt.told || why != tt.why || left != tt.left {
					t.Errorf("told %d times, stopped %q, left %v; want %d, %q, %v", told, why, left, tt.told, tt.why, tt.left)
				}
				if tt.status != 0 && exitStatus(i.left) != tt.status {
					t.Errorf("exit status %d, want %d", exitStatus(i.left), tt.status)
				}
			})
		})
	}
}

// A pager that does not read holds back all that is printed, also the report.
func TestACtrlCCountsWhileTheReportIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		stuck := make(chan struct{})
		defer close(stuck)
		i := newInterrupter(stop, func() { <-stuck })
		go i.loop()
		for range 3 {
			i.signals <- os.Interrupt
			time.Sleep(time.Second)
		}
		<-i.leave
		if ctx.Err() == nil {
			t.Error("it was not stopped")
		}
		i.close()
	})
}
