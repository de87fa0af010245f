package output

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"fleet/event"
)

// taskResults gathers how each step went on each host, for the renderers that
// print at the end of a run of tasks.
type taskResults struct {
	mu    sync.Mutex // guards what follows, but not what calls print
	index map[string]*taskResult
	order []*taskResult
}

// A taskResult is one task.
type taskResult struct {
	name    string
	hosts   []string
	batches int
	ended   bool
	outcome event.Outcome
	reason  string
	took    time.Duration

	index map[stepKey]*stepResult
	steps []*stepResult
}

// A stepResult is one step of a task, on all hosts.
type stepResult struct {
	stepKey
	out, err node // roots of what calls printed
	calls    []*callResult
	open     map[callKey]*callResult // sent, and not ended
}

// A callResult is one action on one host. There may be very many of them: what
// few have is apart.
type callResult struct {
	callKey
	batch, attempt, status int32
	outcome                event.Outcome
	changed, ignored       bool
	took                   time.Duration
	said                   *said   // nil where it printed nothing
	detail                 *detail // nil where there is none
}

type said struct {
	mu       sync.Mutex // keeps writes in order
	out, err cursor
}

type detail struct {
	signal, kind, err, hint, reason, listen, target string
	files                                           int
	bytes                                           int64
}

// take takes note of e, an event of a task.
func (r *taskResults) take(e *event.Event, s *store) error {
	r.mu.Lock()
	t := r.task(e.Task)
	switch e.Type {
	case event.TaskStart:
		t.hosts, t.batches = e.Hosts, e.Batches
	case event.TaskEnd:
		t.ended, t.outcome, t.reason, t.took = true, e.Outcome, e.Reason, e.Duration
	case event.StepStart:
		t.step(e).call(e)
	case event.StepRetry:
		t.step(e).call(e).said = nil // what the last attempt printed counts
	case event.StepEnd:
		step := t.step(e)
		step.call(e).end(e)
		delete(step.open, callKey{e.Host, e.Key, e.On})
	case event.Output:
		step := t.step(e)
		c := step.call(e)
		if c.said == nil {
			c.said = &said{out: cursor{node: &step.out}, err: cursor{node: &step.err}}
		}
		at := c.said
		r.mu.Unlock()
		at.mu.Lock()
		defer at.mu.Unlock()
		if e.Stream == event.Stderr {
			return s.write(&at.err, e.Data)
		}
		return s.write(&at.out, e.Data)
	}
	r.mu.Unlock()
	return nil
}

func (r *taskResults) task(name string) *taskResult {
	t := r.index[name]
	if t == nil {
		t = &taskResult{name: name, index: make(map[stepKey]*stepResult)}
		if r.index == nil {
			r.index = make(map[string]*taskResult)
		}
		r.index[name] = t
		r.order = append(r.order, t)
	}
	return t
}

func (t *taskResult) step(e *event.Event) *stepResult {
	k := stepKey{e.Section, e.Step}
	s := t.index[k]
	if s == nil {
		s = &stepResult{stepKey: k, open: make(map[callKey]*callResult)}
		t.index[k] = s
		t.steps = append(t.steps, s)
	}
	return s
}

func (s *stepResult) call(e *event.Event) *callResult {
	k := callKey{e.Host, e.Key, e.On}
	c := s.open[k]
	if c == nil {
		c = &callResult{callKey: k, batch: int32(e.Batch), status: -1, outcome: event.Unknown}
		s.open[k] = c
		s.calls = append(s.calls, c)
	}
	return c
}

func (c *callResult) end(e *event.Event) {
	c.outcome, c.status, c.attempt = e.Outcome, int32(e.Status), int32(e.Attempt)
	c.changed, c.ignored, c.took = e.Changed, e.Ignored, e.Duration
	if d := (detail{e.Signal, e.Kind, e.Error, e.Hint, e.Reason, e.Listen, e.Target, e.Files, e.Bytes}); d != (detail{}) {
		c.detail = &d
	}
}

// event is the end of c again, for those who describe it.
func (c *callResult) event() *event.Event {
	e := &event.Event{
		Type: event.StepEnd, Host: c.host, Key: c.key, On: c.on, Batch: int(c.batch), Attempt: int(c.attempt),
		Outcome: c.outcome, Status: int(c.status), Changed: c.changed, Ignored: c.ignored, Duration: c.took,
	}
	if d := c.detail; d != nil {
		e.Signal, e.Kind, e.Error, e.Hint, e.Reason = d.signal, d.kind, d.err, d.hint, d.reason
		e.Listen, e.Target = d.listen, d.target
		e.Files, e.Bytes = d.files, d.bytes
	}
	return e
}

// places are where the output of c is.
func (c *callResult) places() (out, err place) {
	if c.said == nil {
		return place{}, place{}
	}
	c.said.mu.Lock()
	defer c.said.mu.Unlock()
	return c.said.out.place(), c.said.err.place()
}

// done returns all tasks, nil in a run without any: steps in the order in which
// a host comes to them, their calls in that of the hosts.
func (r *taskResults) done() []*taskResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.order {
		slices.SortStableFunc(t.steps, func(a, b *stepResult) int {
			return cmp.Compare(slices.Index(sections[:], a.section), slices.Index(sections[:], b.section))
		})
		at := make(map[string]int, len(t.hosts))
		for i, h := range t.hosts {
			at[h] = i
		}
		for _, s := range t.steps {
			slices.SortStableFunc(s.calls, func(a, b *callResult) int { return at[a.host] - at[b.host] })
		}
	}
	return r.order
}
