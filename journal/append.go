package journal

import (
	"io"
	"sync"
	"time"

	"fleet/event"
)

const (
	// maxPending is how much may wait to be written before those who bring
	// more wait, too, in bytes.
	maxPending = 1 << 20
	// lazySize is how much a lazy appender lets wait without a need.
	lazySize = 64 << 10
	// interval is how long anything waits at most while a run goes on.
	interval = time.Second
)

// A file is what an appender needs of one.
type file interface {
	io.Writer
	Sync() error
	Close() error
}

// An appender writes lines to a file, in the order in which it gets them, by one
// goroutine. While that is at work lines gather in the next batch, and however
// many of them wait for the disk, one fsync serves them all.
type appender struct {
	file file
	path string // as the user would write it
	// lazy lets lines wait until there are many, or interval is over.
	lazy bool
	fail *failure
	wake chan struct{} // has room for one

	// Of the goroutine.
	waiting []chan struct{} // of batches that are written, and wait for an fsync
	intents int             // in those
	pace    pace

	mu     sync.Mutex
	next   *batch
	spare  []byte // of a batch that was written
	atWork int    // steps that have begun and not ended
	closed bool
}

// A batch is lines that are written together.
type batch struct {
	lines   []byte
	intents int           // lines whose emitters wait for an fsync
	done    chan struct{} // closed when they need not any more; nil where nobody waits
}

func newAppender(f file, path string, lazy bool, fail *failure) *appender {
	a := &appender{file: f, path: path, lazy: lazy, fail: fail, wake: make(chan struct{}, 1), next: new(batch)}
	if lazy { // it will be that much; to grow would be to copy it many times
		a.next.lines = make([]byte, 0, lazySize+lazySize/16)
	}
	return a
}

// add takes the line of an event, of which it keeps nothing. A durable one is on
// disk when it returns, or the failure was told.
func (a *appender) add(e *event.Event, durable bool) {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return
	}
	b := a.next
	lines, err := e.AppendJSON(b.lines) // here, as that spares a line of its own
	if err != nil {
		a.mu.Unlock()
		a.fail.set(failed("write", a.path, err))
		return
	}
	b.lines = lines
	var done chan struct{}
	switch {
	case durable:
		b.intents++
		a.atWork++
	case e.Type == event.StepEnd && e.Attempt > 0: // others had nothing to begin
		a.atWork = max(0, a.atWork-1)
	}
	if durable || len(b.lines) >= maxPending {
		if b.done == nil {
			b.done = make(chan struct{})
		}
		done = b.done
	}
	urgent := !a.lazy || done != nil || len(b.lines) >= lazySize
	a.mu.Unlock()
	if urgent {
		a.rouse()
	}
	if done != nil {
		<-done
	}
}

func (a *appender) rouse() {
	select {
	case a.wake <- struct{}{}:
	default: // it is about to look
	}
}

// run writes until close is called.
func (a *appender) run() {
	var tick <-chan time.Time
	if a.lazy {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		tick = ticker.C
	}
	early := time.NewTimer(interval) // for fsyncs
	defer early.Stop()
	for last := false; !last; {
		select {
		case <-a.wake:
		case <-tick:
		case <-early.C:
		}
		var atWork int
		atWork, last = a.flush()
		if len(a.waiting) > 0 {
			if wait := a.pace.wait(time.Now(), a.intents, atWork); wait > 0 && !last {
				early.Reset(wait)
				continue
			}
		}
		a.sync(atWork, last && !a.lazy)
	}
	if err := a.file.Close(); err != nil && !a.fail.begun.Load() {
		a.fail.set(failed("close", a.path, err))
	}
}

// flush writes what is there. It reports how many steps are at work, and whether
// nothing more will come.
func (a *appender) flush() (atWork int, last bool) {
	a.mu.Lock()
	b := a.next
	a.next = &batch{lines: a.spare}
	a.spare = nil
	atWork, last = a.atWork, a.closed
	a.mu.Unlock()

	if len(b.lines) > 0 && !a.fail.begun.Load() {
		if _, err := a.file.Write(b.lines); err != nil {
			a.fail.set(failed("write", a.path, err))
		}
	}
	switch {
	case b.done == nil:
	case b.intents > 0:
		a.waiting = append(a.waiting, b.done)
		a.intents += b.intents
	default:
		close(b.done)
	}
	if cap(b.lines) <= maxPending {
		a.mu.Lock()
		a.spare = b.lines[:0]
		a.mu.Unlock()
	}
	return atWork, last
}

// sync makes what was written durable, if somebody waits for that or it must be,
// and lets go of those who wait. Where it cannot, they find the run stopped.
func (a *appender) sync(atWork int, must bool) {
	if len(a.waiting) == 0 && !must {
		return
	}
	if !a.fail.begun.Load() {
		a.pace.spend(a.intents, atWork)
		if err := a.file.Sync(); err != nil {
			a.fail.set(failed("sync", a.path, err))
		}
	}
	if a.fail.begun.Load() {
		<-a.fail.told
	}
	for _, done := range a.waiting {
		close(done)
	}
	a.waiting, a.intents = a.waiting[:0], 0
}

// close makes run write what is left, and end.
func (a *appender) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.rouse()
}
