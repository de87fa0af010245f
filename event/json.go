package event

import "time"

// wire is the JSON form of an Event; docs/events.md describes it. AppendJSON has
// to know of each of its fields.
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
	Files   int      `json:"files,omitempty"`
	Bytes   int64    `json:"bytes,omitempty"`
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
