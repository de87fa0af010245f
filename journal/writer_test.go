package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
)

var errNoSpace = syscall.ENOSPC

func intent(host, step string) *event.Event {
	return &event.Event{Type: event.StepStart, Time: at(0), Host: host, Task: "t", Section: event.Steps, Step: step}
}

// onDisk begins to record a run of tasks to d.
func onDisk(t *testing.T, d *disk, onError func(error)) *Writer {
	t.Helper()
	s := Open(t.TempDir())
	s.open = d.open
	w, err := s.Create(Meta{Kind: KindApply}, Options{OnError: onError})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func TestAnIntentIsOnDiskBeforeTheStepIsSent(t *testing.T) {
	d := new(disk)
	w := onDisk(t, d, nil)
	var group sync.WaitGroup
	for g := range 64 {
		group.Go(func() {
			host := fmt.Sprintf("web%02d", g)
			for i := range 8 {
				step := fmt.Sprintf("step%d", i)
				e := intent(host, step)
				w.Emit(e)
				line, err := e.AppendJSON(nil)
				if err != nil {
					t.Error(err)
				}
				if !d.survives(string(line)) {
					t.Errorf("%s of %s would be sent, and a crash would forget it", step, host)
				}
				e.Type, e.Outcome = event.StepEnd, event.OK
				w.Emit(e)
			}
		})
	}
	group.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if d.synced != len(d.data) || !d.closed {
		t.Errorf("at the end %d of %d bytes are on disk", d.synced, len(d.data))
	}
	// In order, host by host: each end follows its start.
	last := make(map[string]string)
	n := 0
	for line := range strings.Lines(string(d.data)) {
		e, err := event.ParseJSON([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		n++
		if want := last[e.Host]; e.Type == event.StepEnd && want != e.Step {
			t.Errorf("%s: the end of %s follows %s", e.Host, e.Step, want)
		}
		last[e.Host] = e.Step
	}
	if n != 64*8*2 {
		t.Errorf("%d events were recorded", n)
	}
}

func TestIntentsShareAnFsync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		d := &disk{}
		var first atomic.Bool
		d.fail = func(op string) error {
			if op == "sync" && !first.Swap(true) {
				<-block
			}
			return nil
		}
		w := onDisk(t, d, nil)
		var group sync.WaitGroup
		emit := func(host string) { group.Go(func() { w.Emit(intent(host, "s")) }) }
		emit("first")
		synctest.Wait()
		for i := range 100 {
			emit(fmt.Sprint(i))
		}
		synctest.Wait()
		close(block)
		group.Wait()
		if d.syncs != 2 {
			t.Errorf("101 intents took %d", d.syncs)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAFailureIsToldOnceAndBeforeTheIntentReturns(t *testing.T) {
	for _, tt := range []struct {
		op  string
		err error
	}{
		{"write", syscall.ENOSPC}, {"sync", syscall.EIO}, {"write", syscall.EROFS}, {"sync", syscall.ENOSPC},
	} {
		t.Run(tt.op+" "+tt.err.Error(), func(t *testing.T) {
			d := &disk{fail: func(op string) error {
				if op == tt.op {
					return &os.PathError{Op: op, Path: "events", Err: tt.err}
				}
				return nil
			}}
			var told atomic.Int32
			var w *Writer
			w = onDisk(t, d, func(err error) {
				if want := fmt.Sprintf("%s %q: %v", tt.op, filepath.Join(w.Folder(), eventsFile), tt.err); err.Error() != want || !errors.Is(err, tt.err) {
					t.Errorf("told is %v, want %s", err, want)
				}
				w.Emit(&event.Event{Type: event.Note, Time: at(0), Message: err.Error()}) // must not hang
				told.Add(1)
			})
			var group sync.WaitGroup
			for i := range 20 {
				group.Go(func() {
					w.Emit(intent(fmt.Sprint(i), "s"))
					if told.Load() != 1 {
						t.Error("the step would be sent, and nobody knows that it is not recorded")
					}
				})
			}
			group.Wait()
			w.Emit(intent("late", "s"))
			w.Emit(&event.Event{Type: event.HostEnd, Time: at(1), Host: "late"})
			if err := w.Close(); !errors.Is(err, tt.err) {
				t.Errorf("closing gives %v", err)
			}
			if told.Load() != 1 {
				t.Errorf("it was told %d times", told.Load())
			}
		})
	}
}

func TestALogThatCannotBeWrittenIsAFailure(t *testing.T) {
	var told error
	w := onDisk(t, new(disk), func(err error) { told = err })
	path := filepath.Join(w.Folder(), logsDir, "web1.log")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	w.Emit(&event.Event{Type: event.HostEnd, Time: at(0), Host: "web1", Outcome: event.OK})
	if told == nil || !strings.HasPrefix(told.Error(), fmt.Sprintf("write %q: ", path)) {
		t.Errorf("told is %v", told)
	}
}

func TestNothingIsRecordedAfterTheEnd(t *testing.T) {
	d := new(disk)
	w := onDisk(t, d, func(err error) { t.Errorf("told is %v", err) })
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.Emit(intent("a", "s"))
	w.Emit(&event.Event{Type: event.HostEnd, Time: at(0), Host: "a"})
	if err := w.Close(); err != nil || len(d.data) != 0 {
		t.Errorf("%q was recorded, %v", d.data, err)
	}
}

func TestARunOfOneCommandIsBufferedForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		s := Open(t.TempDir())
		s.open = d.open
		w, err := s.Create(Meta{Kind: KindRun}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.Emit(&event.Event{Type: event.HostStart, Time: at(0), Host: "a"})
		synctest.Wait()
		if d.text() != "" {
			t.Error("it is written at once")
		}
		time.Sleep(interval)
		synctest.Wait()
		if !strings.Contains(d.text(), `"host":"a"`) {
			t.Errorf("after a second there is %q", d.text())
		}
		w.Emit(&event.Event{Type: event.HostStart, Time: at(0), Host: "b"})
		if err := w.Close(); err != nil || !strings.Contains(d.text(), `"host":"b"`) || d.syncs != 0 {
			t.Errorf("at the end there is %q, %d fsyncs, %v", d.text(), d.syncs, err)
		}
	})
}
