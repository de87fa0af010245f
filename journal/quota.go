package journal

import (
	"sync"
	"unicode/utf8"

	"fleet/event"
)

const (
	maxHostOutput = 64 << 10 // bytes that are recorded of what a host printed
	maxRunOutput  = 16 << 20 // the same of all hosts together
)

// The same of a run whose output goes nowhere else.
const (
	onlyHostOutput = 64 << 20
	onlyRunOutput  = 1 << 30
)

// A quota bounds the output that is recorded of a run of one command, which mostly
// has gone where the user wanted it.
type quota struct {
	host, run int // most bytes of one, and of all

	mu    sync.Mutex
	hosts map[string]int // bytes by host; -1 where it is used up
	all   int
}

func newQuota(only bool) *quota {
	if only {
		return &quota{host: onlyHostOutput, run: onlyRunOutput}
	}
	return &quota{host: maxHostOutput, run: maxRunOutput}
}

// take is what of an output event is recorded: all of it, the beginning, or nil.
// Where it is not all for the first time, a note that says so comes with it.
func (q *quota) take(e *event.Event) (kept, note *event.Event) {
	q.mu.Lock()
	used := q.hosts[e.Host]
	if used < 0 {
		q.mu.Unlock()
		return nil, nil
	}
	n := min(len(e.Data), q.host-used, q.run-q.all)
	q.all += n
	if q.hosts == nil {
		q.hosts = make(map[string]int)
	}
	q.hosts[e.Host] = used + n
	if n < len(e.Data) {
		q.hosts[e.Host] = -1
	}
	q.mu.Unlock()

	if n == len(e.Data) {
		return e, nil
	}
	note = &event.Event{
		Type: event.Note, Time: e.Time, Host: e.Host, Level: "info",
		Message: "the rest of the output is not recorded",
	}
	for n > 0 && !utf8.RuneStart(e.Data[n]) && utf8.Valid(e.Data) {
		n--
	}
	if n == 0 {
		return nil, note
	}
	c := *e
	c.Data = e.Data[:n]
	return &c, note
}
