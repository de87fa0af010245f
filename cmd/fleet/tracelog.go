package main

import (
	"io"
	"math"
	"sync"
	"time"

	"fleet/inventory"
	"fleet/pool"
	"fleet/transport"
)

// stepSettings is the step that comes before those of package pool.
const stepSettings = "settings"

// A traceStep is one step, with its times.
type traceStep struct {
	pool.Step
	settings []inventory.Row
	at, took time.Duration // since the beginning, and since the step before
}

// A traceView shows a trace. Its methods are called by one goroutine.
type traceView interface {
	step(s *traceStep)
	// end comes last; failure is nil where all went well.
	end(failure error) error
}

// A traceLog gives steps their times and hands them to a view, in a goroutine
// of its own: the connection does not wait for the terminal.
type traceLog struct {
	start time.Time
	label string // of the target
	view  traceView

	steps chan traceStep
	shown chan struct{} // closed when all is shown
	over  chan struct{} // closed when the connection to the target has ended

	mu        sync.Mutex
	closed    bool
	last      time.Time
	connected bool // the target's connection was there, and its end was not told
}

func startTrace(t *transport.Target, view traceView) *traceLog {
	l := &traceLog{
		start: time.Now(), label: t.Label(), view: view,
		steps: make(chan traceStep, 1000), // more than there are
		shown: make(chan struct{}), over: make(chan struct{}),
	}
	l.last = l.start
	go func() { // ends with close
		defer close(l.shown)
		for s := range l.steps {
			view.step(&s)
		}
	}()
	return l
}

// add takes a step; those that come after close are dropped.
func (l *traceLog) add(s pool.Step, settings []inventory.Row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if s.Host == l.label {
		switch s.Name {
		case "ready":
			l.connected = true
		case "close":
			if l.connected {
				l.connected = false
				close(l.over)
				l.over = make(chan struct{})
			}
		}
	}
	select {
	case l.steps <- traceStep{s, settings, s.At.Sub(l.start), s.At.Sub(l.last)}:
	default: // a server that repeats itself for ever
	}
	l.last = s.At
}

// awaitEnd waits a moment for the end of the target's connection, so that it is
// told before that of the jump host.
func (l *traceLog) awaitEnd() {
	l.mu.Lock()
	connected, over := l.connected, l.over
	l.mu.Unlock()
	if !connected {
		return
	}
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-over:
	case <-t.C:
	}
}

// close shows what is left, and the end.
func (l *traceLog) close(failure error) error {
	l.mu.Lock()
	l.closed = true
	close(l.steps)
	l.mu.Unlock()
	<-l.shown
	return l.view.end(failure)
}

// ms is a time in milliseconds, to a thousandth.
func ms(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}

// A traceJSON is the view for programs: an array of steps.
type traceJSON struct {
	w     io.Writer
	steps []stepDocument
}

// A stepDocument is the JSON of a step.
type stepDocument struct {
	Host       string              `json:"host"`
	Step       string              `json:"step"`
	At         float64             `json:"at_ms"`
	Took       float64             `json:"took_ms"`
	OK         bool                `json:"ok"`
	Lines      []string            `json:"lines,omitempty"`
	Settings   []inventory.Row     `json:"settings,omitempty"`
	Algorithms []algorithmDocument `json:"algorithms,omitempty"`
	Kind       transport.Kind      `json:"kind,omitempty"`
	Error      string              `json:"error,omitempty"`
	Hint       string              `json:"hint,omitempty"`
}

type algorithmDocument struct {
	Use    string   `json:"use"`
	Client []string `json:"client"`
	Server []string `json:"server"`
	Chosen string   `json:"chosen"`
}

func (v *traceJSON) step(s *traceStep) {
	d := stepDocument{
		Host: s.Host, Step: s.Name, At: ms(s.at), Took: ms(s.took), OK: s.Err == nil,
		Lines: s.Lines, Settings: s.settings,
	}
	for _, a := range s.Algorithms {
		d.Algorithms = append(d.Algorithms, algorithmDocument{a.Use, a.Client, a.Server, a.Chosen})
	}
	if s.Err != nil {
		d.Kind = transport.KindOf(s.Err)
		d.Error, d.Hint = failureText(s.Err), failureHint(s.Name, s.Err)
	}
	v.steps = append(v.steps, d)
}

func (v *traceJSON) end(error) error { return writeJSON(v.w, v.steps) }
