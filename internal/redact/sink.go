package redact

import (
	"sync"

	"fleet/event"
)

// Sink masks the events that next gets: output, per host and stream, and every
// text that fleet says about a run. What a stream holds back comes when its host
// has ended. As with any Sink, the events of one stream of one host come one
// after the other.
func (r *Redactor) Sink(next event.Sink) event.Sink {
	if r == nil {
		return next
	}
	return &sink{redactor: r, next: next}
}

type sink struct {
	redactor *Redactor
	next     event.Sink

	mu    sync.Mutex
	hosts map[string]*[2]Stream // those with output by now; guarded by mu
}

// Emit implements event.Sink.
func (s *sink) Emit(e *event.Event) {
	if s.redactor.automaton() == nil {
		s.next.Emit(e)
		return
	}
	if e.Type == event.Output {
		switch data := s.stream(e).Write(e.Data); {
		case len(data) == 0:
		case len(data) == len(e.Data) && &data[0] == &e.Data[0]:
			s.next.Emit(e)
		default:
			s.output(e, e.Stream, data)
		}
		return
	}
	if e.Type == event.HostEnd {
		s.end(e)
	}
	c := *e
	for _, text := range []*string{&c.Command, &c.Error, &c.Hint, &c.Message} {
		*text = s.redactor.String(*text)
	}
	s.next.Emit(&c)
}

// stream is where the bytes of an Output event belong.
func (s *sink) stream(e *event.Event) *Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	both := s.hosts[e.Host]
	if both == nil {
		both = &[2]Stream{{redactor: s.redactor}, {redactor: s.redactor}}
		if s.hosts == nil {
			s.hosts = make(map[string]*[2]Stream)
		}
		s.hosts[e.Host] = both
	}
	if e.Stream == event.Stderr {
		return &both[1]
	}
	return &both[0]
}

// end hands on what was held back of a host that has ended.
func (s *sink) end(e *event.Event) {
	s.mu.Lock()
	both := s.hosts[e.Host]
	delete(s.hosts, e.Host)
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

// output emits data of the host of e.
func (s *sink) output(e *event.Event, stream event.Stream, data []byte) {
	s.next.Emit(&event.Event{Type: event.Output, Time: e.Time, Host: e.Host, Stream: stream, Data: data})
}
