package event

import (
	"encoding/base64"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// wire is the JSON form of an Event; docs/events.md describes it.
type wire struct {
	Event      Type      `json:"event"`
	Time       string    `json:"time"`
	Host       string    `json:"host,omitempty"`
	Hosts      []string  `json:"hosts,omitempty"`
	Command    string    `json:"command,omitempty"`
	Fanout     int       `json:"fanout,omitempty"`
	Stream     Stream    `json:"stream,omitempty"`
	Data       *string   `json:"data,omitempty"`
	DataBase64 string    `json:"data_base64,omitempty"`
	Outcome    Outcome   `json:"outcome,omitempty"`
	Status     *int      `json:"status,omitempty"`
	Signal     string    `json:"signal,omitempty"`
	Kind       string    `json:"kind,omitempty"`
	Error      string    `json:"error,omitempty"`
	Hint       string    `json:"hint,omitempty"`
	DurationMS *float64  `json:"duration_ms,omitempty"`
	Level      string    `json:"level,omitempty"`
	Message    string    `json:"message,omitempty"`
	Summary    *WireSums `json:"summary,omitempty"`
	Name       string    `json:"name,omitempty"`
	Listen     string    `json:"listen,omitempty"`
	Target     string    `json:"target,omitempty"`

	Task    string   `json:"task,omitempty"`
	Batches int      `json:"batches,omitempty"`
	Batch   int      `json:"batch,omitempty"`
	Canary  bool     `json:"canary,omitempty"`
	Section Section  `json:"section,omitempty"`
	Step    string   `json:"step,omitempty"`
	Key     string   `json:"key,omitempty"`
	On      string   `json:"on,omitempty"`
	Attempt int      `json:"attempt,omitempty"`
	DelayMS float64  `json:"delay_ms,omitempty"`
	Once    bool     `json:"once,omitempty"`
	Changed bool     `json:"changed,omitempty"`
	Ignored bool     `json:"ignored,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Notify  []string `json:"notify,omitempty"`
	Result  *Result  `json:"result,omitempty"`
}

// WireSums is the JSON form of a Summary, shared by all formats.
type WireSums struct {
	OK           int `json:"ok"`
	Failed       int `json:"failed"`
	Unreachable  int `json:"unreachable"`
	NotAttempted int `json:"not_attempted"`
	// The finer counts are part of failed.
	Timeout    int `json:"timeout,omitempty"`
	Stopped    int `json:"stopped,omitempty"`
	Unknown    int `json:"unknown,omitempty"`
	Why        Why `json:"stopped_early,omitempty"`
	ExitStatus int `json:"exit_status"`
}

// Wire returns the JSON form of s: every host that was reached and did not
// succeed counts as failed, so that the four main counts add up to all hosts.
func (s *Summary) Wire() *WireSums {
	c := s.Counts
	return &WireSums{
		OK: c[OK], Unreachable: c[Unreachable], NotAttempted: c[NotAttempted],
		Failed:  c[Failed] + c[Timeout] + c[Stopped] + c[Unknown],
		Timeout: c[Timeout], Stopped: c[Stopped], Unknown: c[Unknown],
		Why: s.Why, ExitStatus: s.ExitStatus(),
	}
}

// Milliseconds is d in ms with microseconds kept, the unit of every duration
// in JSON.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// AppendJSON appends the wire form of e and a newline to dst. Output that is
// not UTF-8 goes into data_base64 in place of data.
func (e *Event) AppendJSON(dst []byte) ([]byte, error) {
	w := wire{
		Event: e.Type, Time: e.Time.UTC().Format(time.RFC3339Nano), Host: e.Host,
		Hosts: e.Hosts, Command: e.Command, Fanout: e.Fanout,
		Signal: e.Signal, Kind: e.Kind, Error: e.Error, Hint: e.Hint,
		Level: e.Level, Message: e.Message,
		Name: e.Name, Listen: e.Listen, Target: e.Target,
		Task: e.Task, Batches: e.Batches, Batch: e.Batch, Canary: e.Canary,
		Section: e.Section, Step: e.Step, Key: e.Key, On: e.On,
		Attempt: e.Attempt, DelayMS: Milliseconds(e.Delay), Once: e.Once, Changed: e.Changed, Ignored: e.Ignored,
		Reason: e.Reason, Notify: e.Notify, Result: e.Result,
	}
	switch e.Type {
	case Output:
		w.Stream = e.Stream
		if utf8.Valid(e.Data) {
			s := string(e.Data)
			w.Data = &s
		} else {
			w.DataBase64 = base64.StdEncoding.EncodeToString(e.Data)
		}
	case Connect, RunEnd, HostEnd, StepEnd, TaskEnd:
		ms := Milliseconds(e.Duration)
		w.DurationMS = &ms
	}
	switch e.Type {
	case StepStart, BatchEnd, TaskEnd:
		w.Outcome = e.Outcome
	case HostEnd, StepEnd:
		w.Outcome = e.Outcome
		if e.Status >= 0 {
			st := e.Status
			w.Status = &st
		}
	}
	if e.Summary != nil {
		w.Summary = e.Summary.Wire()
	}
	b, err := json.Marshal(&w)
	if err != nil {
		return dst, err
	}
	return append(append(dst, b...), '\n'), nil
}
