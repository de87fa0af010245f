package event

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// ParseJSON reads the wire form of an event, as [Event.AppendJSON] writes it;
// the newline may be there or not. Types and fields that it does not know are no
// mistake: a later version has written them. Durations have microseconds, and
// Summary.Largest is known only where it is the exit status.
func ParseJSON(line []byte) (*Event, error) {
	var w wire
	if err := json.Unmarshal(line, &w); err != nil {
		return nil, fmt.Errorf("parse event: %w", err)
	}
	e := &Event{
		Type: w.Event, Host: w.Host, Hosts: w.Hosts, Command: w.Command, Fanout: w.Fanout,
		Stream: w.Stream, Outcome: w.Outcome,
		Signal: w.Signal, Kind: w.Kind, Error: w.Error, Hint: w.Hint,
		Level: w.Level, Message: w.Message,
		Name: w.Name, Listen: w.Listen, Target: w.Target,
		Task: w.Task, Batches: w.Batches, Batch: w.Batch, Canary: w.Canary,
		Section: w.Section, Step: w.Step, Key: w.Key, On: w.On,
		Attempt: w.Attempt, Once: w.Once, Changed: w.Changed, Files: w.Files, Bytes: w.Bytes, Ignored: w.Ignored,
		Reason: w.Reason, Notify: w.Notify, Result: w.Result,
	}
	if err := w.values(e); err != nil {
		return nil, fmt.Errorf("parse event %q: %w", w.Event, err)
	}
	return e, nil
}

// values sets the fields of e that have another form on the wire.
func (w *wire) values(e *Event) (err error) {
	if w.Event == "" {
		return errors.New("it has no type")
	}
	if e.Time, err = time.Parse(time.RFC3339Nano, w.Time); err != nil {
		return err
	}
	e.Time = e.Time.UTC()
	if y := e.Time.Year(); y < 0 || y > 9999 { // it could not be written again
		return fmt.Errorf("year %d", y)
	}
	if w.DurationMS != nil {
		if e.Duration, err = duration(*w.DurationMS); err != nil {
			return err
		}
	}
	if e.Delay, err = duration(w.DelayMS); err != nil {
		return err
	}
	switch {
	case w.Data != nil:
		e.Data = []byte(*w.Data)
	case w.DataBase64 != "":
		if e.Data, err = base64.StdEncoding.DecodeString(w.DataBase64); err != nil {
			return err
		}
	}
	switch {
	case w.Status != nil:
		e.Status = *w.Status
	case w.Event == HostEnd || w.Event == StepEnd:
		e.Status = -1
	}
	if w.Summary != nil {
		e.Summary = w.Summary.summary()
	}
	return nil
}

// duration is what Milliseconds has written.
func duration(ms float64) (time.Duration, error) {
	if math.Abs(ms) > float64(math.MaxInt64/time.Millisecond) {
		return 0, fmt.Errorf("duration of %g ms", ms)
	}
	return time.Duration(math.Round(ms*1000)) * time.Microsecond, nil
}

// summary is what Wire has made w of.
func (w *WireSums) summary() *Summary {
	s := &Summary{Counts: make(map[Outcome]int), Why: w.Why}
	for o, n := range map[Outcome]int{
		OK: w.OK, Unreachable: w.Unreachable, NotAttempted: w.NotAttempted,
		Failed:  w.Failed - w.Timeout - w.Stopped - w.Unknown,
		Timeout: w.Timeout, Stopped: w.Stopped, Unknown: w.Unknown,
	} {
		if n != 0 {
			s.Counts[o] = n
		}
	}
	if s.ExitStatus() != w.ExitStatus {
		s.Largest, s.ByLargest = w.ExitStatus, true
	}
	return s
}
