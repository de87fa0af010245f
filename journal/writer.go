package journal

import (
	"os"
	"sync"
	"sync/atomic"

	"fleet/event"
)

// A Writer is an event.Sink that records one run.
type Writer struct {
	meta   Meta
	folder string // as the user would write it
	lock   *os.File
	fail   *failure
	events *appender
	logs   *logs  // of a run of tasks
	quota  *quota // of a run of one command

	group  sync.WaitGroup
	closed atomic.Bool
	stop   chan struct{}
}

// ID is that of the run.
func (w *Writer) ID() string { return w.meta.ID }

// Folder is where the run is recorded.
func (w *Writer) Folder() string { return w.folder }

// begin starts what works until Close.
func (w *Writer) begin(prune func()) {
	w.group.Go(w.events.run) // ends with events.close
	if w.logs != nil {
		w.group.Go(func() { w.logs.run(w.stop) })
	}
	w.group.Go(prune) // ends by itself
}

// Emit is part of event.Sink. For the step_start of a run of tasks it returns
// when that is on disk. Where it cannot be, or anything else could not be
// written, Options.OnError has returned by then, so that the step is not sent;
// from then on nothing is recorded.
func (w *Writer) Emit(e *event.Event) {
	intent := e.Type == event.StepStart && w.quota == nil
	switch {
	case w.closed.Load():
		return
	case w.fail.begun.Load():
		if intent {
			<-w.fail.told
		}
		return
	case w.logs != nil:
		w.logs.emit(e)
		if e.Type == event.Output {
			return // it is in the logs
		}
	case e.Type == event.Output:
		kept, note := w.quota.take(e)
		if note != nil {
			defer w.events.add(note, false)
		}
		if kept == nil {
			return
		}
		e = kept
	}
	w.events.add(e, intent)
}

// Close writes what is left and lets go of the run, which has ended then. It
// returns the failure that Options.OnError was told of, or nil. What is emitted
// afterwards is not recorded. Only the first call does anything.
func (w *Writer) Close() error {
	if !w.closed.Swap(true) {
		close(w.stop)
		if w.logs != nil {
			w.logs.close()
		}
		w.events.close()
		w.group.Wait()
		_ = w.lock.Close() // it holds nothing
	}
	if w.fail.begun.Load() {
		return w.fail.err
	}
	return nil
}
