package journal

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"fleet/event"
)

// BenchmarkIntents is how long the hosts of a run wait for the disk: 500 intents
// from 64 hosts at a time.
func BenchmarkIntents(b *testing.B) {
	s := Open(b.TempDir())
	for b.Loop() {
		b.StopTimer()
		w, err := s.Create(Meta{Kind: KindApply}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		var group sync.WaitGroup
		for g := range 64 {
			group.Go(func() {
				for i := g; i < 500; i += 64 {
					w.Emit(&event.Event{Type: event.StepStart, Time: time.Now(), Host: fmt.Sprintf("web%02d", g), Task: "deploy", Section: event.Steps, Step: "unpack"})
				}
			})
		}
		group.Wait()
		b.StopTimer()
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkSteps is what a step costs that prints a line, the disk left aside: a
// retry stands for the start, which waits for it.
func BenchmarkSteps(b *testing.B) {
	s := Open(b.TempDir())
	s.open = (&disk{}).open
	w, err := s.Create(Meta{Kind: KindApply}, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	e := event.Event{Time: time.Now(), Host: "web01", Task: "deploy", Section: event.Steps, Step: "unpack", Stream: event.Stdout, Data: []byte("unpacked 17 files\n"), Outcome: event.OK, Changed: true, Attempt: 1}
	b.ReportAllocs()
	for b.Loop() {
		for _, t := range []event.Type{event.StepRetry, event.Output, event.StepEnd} {
			e.Type = t
			w.Emit(&e)
		}
	}
}

// BenchmarkRun is what "true" on 200 hosts costs, the folder and all.
func BenchmarkRun(b *testing.B) {
	s := Open(b.TempDir())
	hosts := make([]string, 200)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("web%03d.example.com", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		w, err := s.Create(Meta{Kind: KindRun, Command: "true", Hosts: hosts}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		w.Emit(&event.Event{Type: event.RunStart, Time: time.Now(), Hosts: hosts, Command: "true", Fanout: 64})
		for _, h := range hosts {
			w.Emit(&event.Event{Type: event.HostStart, Time: time.Now(), Host: h})
			w.Emit(&event.Event{Type: event.Connect, Time: time.Now(), Host: h, Duration: time.Millisecond})
			w.Emit(&event.Event{Type: event.HostEnd, Time: time.Now(), Host: h, Outcome: event.OK, Duration: time.Millisecond})
		}
		w.Emit(&event.Event{Type: event.RunEnd, Time: time.Now(), Summary: &event.Summary{}})
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
