package journal

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"time"

	"fleet/event"
	"fleet/internal/term"
)

// maxPart is how much of a line waits for its end, in bytes. A longer one is
// written in pieces.
const maxPart = 16 << 10

// stderrMark begins the lines of standard error.
const stderrMark = "2> "

// A transcript makes the events of one host into text that people read:
//
//	== 2026-11-23T11:05:12Z deploy/steps/unpack attempt 1
//	what it printed, as it is
//	2> what it printed to standard error
//	-- ok, changed, after 1.2s
//
// Tasks that do not depend on each other go side by side on a host. Lines stay
// whole then, and a header says whose they are.
type transcript struct {
	text  []byte // what nobody has taken yet
	limit int64  // how much output there may be; 0 is no limit
	size  int64  // how much there was
	steps []*stepText
	last  *stepText // whose lines are the last in text; nil where a header must follow
}

// A stepText is a step that has begun and not ended.
type stepText struct {
	id      event.StepID
	attempt int
	headed  bool      // this attempt has a header
	parts   [2][]byte // the begun lines of its streams
}

// add takes an event of the host.
func (t *transcript) add(e *event.Event) {
	switch e.Type {
	case event.StepStart:
		s := t.step(e.StepID())
		s.attempt, s.headed = max(1, e.Attempt), false
		t.last = nil
		t.turn(s, e.Time)
	case event.Output:
		t.output(e)
	case event.StepRetry:
		s := t.step(e.StepID())
		t.finish(s, e.Time)
		t.turn(s, e.Time)
		t.linef("-- attempt %d failed: %s; the next in %s", e.Attempt, reason(e), e.Delay)
		s.attempt, s.headed = e.Attempt+1, false
		t.last = nil
	case event.StepEnd:
		s := t.step(e.StepID())
		t.finish(s, e.Time)
		t.turn(s, e.Time)
		t.linef("-- %s", stepEnd(e))
		t.drop(s)
	case event.HostEnd:
		for _, s := range t.steps {
			t.finish(s, e.Time)
		}
		t.last = nil
		t.linef("== %s end of the host: %s", stamp(e.Time), hostEnd(e))
	case event.Note:
		t.linef("-- %s", term.Clean(e.Message))
	}
}

// step is the one with that ID, which begins if it has not.
func (t *transcript) step(id event.StepID) *stepText {
	for _, s := range t.steps {
		if s.id == id {
			return s
		}
	}
	s := &stepText{id: id}
	t.steps = append(t.steps, s)
	return s
}

func (t *transcript) drop(s *stepText) {
	for i := range t.steps {
		if t.steps[i] == s {
			t.steps = append(t.steps[:i], t.steps[i+1:]...)
			break
		}
	}
	if t.last == s {
		t.last = nil
	}
}

// turn makes sure that what follows stands below the header of s.
func (t *transcript) turn(s *stepText, at time.Time) {
	if t.last == s {
		return
	}
	t.last = s
	if s.id == (event.StepID{Host: s.id.Host}) { // the command of a run
		return
	}
	t.text = fmt.Appendf(t.text, "== %s %s", stamp(at), title(s.id))
	if s.attempt > 0 {
		t.text = fmt.Appendf(t.text, " attempt %d", s.attempt)
	}
	if s.headed {
		t.text = append(t.text, ", continued"...)
	}
	t.text = append(t.text, '\n')
	s.headed = true
}

// output adds the lines that e ends, and keeps the one that it begins.
func (t *transcript) output(e *event.Event) {
	if t.limit > 0 {
		if t.size > t.limit {
			return
		}
		if t.size += int64(len(e.Data)); t.size > t.limit {
			t.linef("-- the log of this host has reached %d MiB: further output is not in it", t.limit>>20)
			return
		}
	}
	s := t.step(e.StepID())
	which := 0
	if e.Stream == event.Stderr {
		which = 1
	}
	for line := range bytes.Lines(e.Data) {
		s.parts[which] = append(s.parts[which], line...)
		if line[len(line)-1] == '\n' || len(s.parts[which]) >= maxPart {
			t.part(s, which, e.Time)
		}
	}
}

// finish adds lines of s that have not ended.
func (t *transcript) finish(s *stepText, at time.Time) {
	for which := range s.parts {
		if len(s.parts[which]) > 0 {
			t.part(s, which, at)
		}
	}
}

// part adds a line, or a piece of one.
func (t *transcript) part(s *stepText, which int, at time.Time) {
	t.turn(s, at)
	if which == 1 {
		t.text = append(t.text, stderrMark...)
	}
	line := s.parts[which]
	t.text = append(t.text, line...)
	if line[len(line)-1] != '\n' {
		t.text = append(t.text, '\n')
	}
	s.parts[which] = line[:0]
}

func (t *transcript) linef(layout string, args ...any) {
	t.text = fmt.Appendf(t.text, layout+"\n", args...)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// title names a step: TASK/SECTION/STEP, with its key and its machine.
func title(id event.StepID) string {
	s := term.Clean(id.Task) + "/" + term.Clean(string(id.Section)) + "/" + term.Clean(id.Step)
	if id.Key != "" {
		s += "[" + strconv.Quote(id.Key) + "]"
	}
	if id.On != "" {
		s += " on " + term.Clean(id.On)
	}
	return s
}

// reason says what went wrong.
func reason(e *event.Event) string {
	switch {
	case e.Error != "":
		return term.Clean(e.Error)
	case e.Signal != "":
		return "killed by SIG" + term.Clean(e.Signal)
	case e.Status > 0:
		return "exit status " + strconv.Itoa(e.Status)
	default:
		return ""
	}
}

// stepEnd says how a step ended.
func stepEnd(e *event.Event) string {
	s := hostEnd(e)
	if e.Changed {
		s += ", changed"
	}
	if e.Ignored {
		s += ", which does not matter"
	}
	if e.Duration > 0 {
		s += ", after " + e.Duration.Round(time.Millisecond).String()
	}
	return s
}

// hostEnd says how a host ended.
func hostEnd(e *event.Event) string {
	s := term.Clean(string(e.Outcome))
	if e.Outcome == event.OK {
		return s
	}
	if why := cmp.Or(term.Clean(e.Reason), reason(e)); why != "" {
		s += ": " + why
	}
	return s
}
