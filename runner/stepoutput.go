package runner

import (
	"unicode/utf8"

	"fleet/event"
)

// maxResult bounds each stream of a result, in bytes. What is beyond it is told
// as output, but no expression sees it.
const maxResult = 1 << 20

// A stepStream makes events of one stream of a call, and keeps its beginning
// for expressions.
type stepStream struct {
	call  *callRun
	name  event.Stream
	keeps bool // an expression asks for it
	kept  []byte
	event *event.Event // reused: a sink keeps nothing of it; nil before the first output
}

func (c *callRun) stream(name event.Stream) *stepStream {
	return &stepStream{call: c, name: name, keeps: c.task.keeps[c.step]}
}

// Write implements io.Writer.
func (s *stepStream) Write(p []byte) (int, error) {
	if s.keeps {
		s.kept = append(s.kept, p[:min(len(p), maxResult-len(s.kept))]...)
	}
	if s.event == nil {
		s.event = s.call.event(event.Output)
		s.event.Stream, s.event.Status = s.name, 0
	}
	s.event.Data = p
	s.call.batch.emit(s.event)
	return len(p), nil
}

func (s *stepStream) text() string { return string(s.kept) }

// clip is the part of s that a result keeps.
func clip(s string) string {
	if len(s) <= maxResult {
		return s
	}
	n := maxResult
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
