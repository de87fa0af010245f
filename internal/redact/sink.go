package redact

import (
	"sync"

	"fleet/event"
)

// Sink masks the events that next gets: output, per host and stream, and every
// text that fleet says about a run. In a run of tasks each call of a step has
// streams of its own. What a stream holds back comes when its host, or the step,
// has ended. As with any Sink, the events of one stream come one after the
// other.
func (r *Redactor) Sink(next event.Sink) event.Sink {
	if r == nil {
		return next
	}
	return &sink{redactor: r, next: next}
}

type sink struct {
	redactor *Redactor
	next     event.Sink

	mu      sync.Mutex
	streams map[source]*[2]Stream // of what printed something and has not ended; guarded by mu
}

// A source is what has streams of its own: a host, and in a run of tasks what a
// host does for one task on one machine.
type source struct{ task, host, on string }

func sourceOf(e *event.Event) source { return source{e.Task, e.Host, e.On} }

// Emit implements event.Sink.
func (s *sink) Emit(e *event.Event) {
	if s.redactor.automaton() == nil {
		s.next.Emit(e)
		return
	}
	if e.Type == event.Output {
		switch data := s.stream(e).Write(e.Data); {
		case len(data) == 0:
		case len(data) == len(e.Data) && &data[0] == &e.Data[0] && s.redactor.String(e.Key) == e.Key && s.redactor.String(e.On) == e.On:
			s.next.Emit(e)
		default:
			s.output(e, e.Stream, data)
		}
		return
	}
	switch e.Type {
	case event.HostEnd, event.StepEnd, event.StepRetry: // the next attempt begins anew
		s.end(e)
	}
	s.next.Emit(s.masked(e))
}

// masked is a copy of e without secrets.
func (s *sink) masked(e *event.Event) *event.Event {
	c := *e
	for _, text := range []*string{&c.Key, &c.On, &c.Command, &c.Error, &c.Hint, &c.Message, &c.Reason, &c.Listen, &c.Target} {
		*text = s.redactor.String(*text)
	}
	if e.Result != nil {
		r := *e.Result
		r.Stdout, r.Stderr = s.redactor.String(r.Stdout), s.redactor.String(r.Stderr)
		r.Masked = r.Masked || r.Stdout != e.Result.Stdout || r.Stderr != e.Result.Stderr
		c.Result = &r
	}
	return &c
}

// stream is where the bytes of an Output event belong.
func (s *sink) stream(e *event.Event) *Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := sourceOf(e)
	both := s.streams[from]
	if both == nil {
		both = &[2]Stream{{redactor: s.redactor}, {redactor: s.redactor}}
		if s.streams == nil {
			s.streams = make(map[source]*[2]Stream)
		}
		s.streams[from] = both
	}
	if e.Stream == event.Stderr {
		return &both[1]
	}
	return &both[0]
}

// end hands on what was held back of a host, or of a call, that has ended.
func (s *sink) end(e *event.Event) {
	from := sourceOf(e)
	s.mu.Lock()
	both := s.streams[from]
	delete(s.streams, from)
	s.mu.Unlock()
	if both == nil {
		return
	}
	for i, stream := range []event.Stream{event.Stdout, event.Stderr} {
		if data := both[i].Flush(); len(data) > 0 {
			s.output(e, stream, data)
		}
	}
}

// output emits data of the host, and of the step, of e.
func (s *sink) output(e *event.Event, stream event.Stream, data []byte) {
	s.next.Emit(&event.Event{
		Type: event.Output, Time: e.Time, Host: e.Host, Stream: stream, Data: data,
		Task: e.Task, Batch: e.Batch, Section: e.Section, Step: e.Step,
		Key: s.redactor.String(e.Key), On: s.redactor.String(e.On),
	})
}
