package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// twice is the time within which a second Ctrl-C means "stop".
	twice = 2 * time.Second
	// echo is the time within which a signal is the same one again: timeout(1)
	// sends its signal to the process and then to the group the process is in.
	echo = 300 * time.Millisecond
)

// An interrupter turns signals into the end of a run. On a terminal the first
// Ctrl-C only shows what is going on; a second one soon after, or any other
// signal, stops the run; the next one leaves at once, and so does SIGQUIT (Ctrl-\)
// whenever it comes.
type interrupter struct {
	stop  context.CancelCauseFunc
	tell  func()        // shows the state of every unfinished host; nil: stop at the first
	leave chan struct{} // closed when the user wants to wait no longer
	left  *signaled     // why; set before leave is closed

	stopping func() // says that the run is being stopped, where tell is set too

	other atomic.Pointer[func(os.Signal)] // whom signals are for in place of it

	signals  chan os.Signal
	finished chan struct{} // closed when loop has ended
	telling  sync.WaitGroup
}

// watchSignals starts an interrupter; end it with close.
func watchSignals(stop context.CancelCauseFunc, tell, stopping func()) *interrupter {
	i := newInterrupter(stop, tell)
	i.stopping = stopping
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		// What nohup and a shell's "&" turned off stays off.
		if !signal.Ignored(s) {
			signal.Notify(i.signals, s)
		}
	}
	go i.loop() // ends with close
	return i
}

func newInterrupter(stop context.CancelCauseFunc, tell func()) *interrupter {
	return &interrupter{
		stop: stop, tell: tell, leave: make(chan struct{}),
		signals: make(chan os.Signal, 4), finished: make(chan struct{}),
	}
}

// close ends the interrupter. A report that still waits for the terminal is
// waited for, except by a user who left.
func (i *interrupter) close() {
	signal.Stop(i.signals)
	close(i.signals)
	<-i.finished
	select {
	case <-i.leave:
	default:
		i.telling.Wait()
	}
}

// handOver leaves what comes from now on to somebody else; nil ends that.
func (i *interrupter) handOver(to func(os.Signal)) {
	if to == nil {
		i.other.Store(nil)
		return
	}
	i.other.Store(&to)
}

func (i *interrupter) loop() {
	defer close(i.finished)
	var (
		told, stopped time.Time
		why           *signaled
	)
	for s := range i.signals {
		now := time.Now()
		if other := i.other.Load(); other != nil {
			(*other)(s)
			continue
		}
		switch {
		case s == syscall.SIGQUIT:
			i.left = &signaled{s}
			i.stop(i.left)
			close(i.leave)
			return
		case why != nil && now.Sub(stopped) < echo:
		case why != nil:
			i.left = why
			close(i.leave)
			return
		case s == os.Interrupt && i.tell != nil && (told.IsZero() || now.Sub(told) > twice):
			told = now
			i.telling.Go(i.tell) // printing may block, and the next Ctrl-C must count
		default:
			stopped, why = now, &signaled{s}
			i.stop(why)
			if i.tell != nil && i.stopping != nil {
				i.telling.Go(i.stopping)
			}
		}
	}
}
