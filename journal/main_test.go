package journal

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fleet/event"
)

// victimDir, in the environment, makes this binary a process that records a run
// there until it is killed.
const victimDir = "JOURNAL_TEST_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		victim(dir)
	}
	goleak.VerifyTestMain(m)
}

func victim(dir string) {
	w, err := Open(dir).Create(Meta{Kind: KindApply}, Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	w.Emit(&event.Event{Type: event.RunStart, Time: time.Now(), Hosts: []string{"a", "b"}})
	for _, h := range []string{"a", "b"} {
		w.Emit(&event.Event{Type: event.HostStart, Time: time.Now(), Host: h})
	}
	e := event.Event{Type: event.StepStart, Time: time.Now(), Host: "a", Task: "t", Section: event.Steps, Step: "one"}
	w.Emit(&e)
	e.Type, e.Outcome = event.StepEnd, event.OK
	w.Emit(&e)
	e.Type, e.Step = event.StepStart, "two"
	w.Emit(&e)
	fmt.Println(w.ID())
	select {}
}

// at is a moment for events.
func at(second int) time.Time {
	return time.Date(2026, 11, 23, 11, 5, second, 0, time.UTC)
}

// begin records a run that ends with the test, if it has not before.
func begin(t *testing.T, s *Store, m Meta) *Writer {
	t.Helper()
	w, err := s.Create(m, Options{OnError: func(err error) { t.Errorf("it was told: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// finished records a run of those events.
func finished(t *testing.T, s *Store, m Meta, events ...event.Event) *Run {
	t.Helper()
	w := begin(t, s, m)
	for i := range events {
		if events[i].Time.IsZero() {
			events[i].Time = at(i % 60)
		}
		w.Emit(&events[i])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return found(t, s, w.ID())
}

func found(t *testing.T, s *Store, id string) *Run {
	t.Helper()
	r, err := s.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
