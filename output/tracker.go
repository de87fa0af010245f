package output

import (
	"bytes"
	"sync"
	"time"

	"fleet/event"
)

// A Tracker is a Sink that knows what every unfinished host is doing.
type Tracker struct {
	fold func([]string) string

	mu       sync.Mutex // guards all of what follows, also within hosts
	began    time.Time
	order    []string // selection order
	hosts    map[trackKey]*tracked
	counts   map[event.Outcome]int
	finished int
	working  int
	// first and last are the ends of the list of hosts at work, oldest first.
	first, last *tracked

	tasks *taskTracker    // nil in other runs
	ended map[string]bool // hosts that ended in a run of tasks
}

// A trackKey is what can be at work: a host, and in a run of tasks a host in a
// task, for it may be at work in two of them.
type trackKey struct{ host, task string }

type phase int

const (
	waiting phase = iota
	connecting
	running
	finished
)

type tracked struct {
	name       string
	what       string // the step that it is at
	phase      phase
	since      time.Time // start of the phase
	heard      time.Time // last output; zero before the first
	bytes      int64
	line       []byte // the end of the last line that has text
	prev, next *tracked
}

// lastLine bounds what is kept of a host's last line, in bytes.
const lastLine = 120

// NewTracker returns a Tracker whose reports fold host names with fold, or
// join them with commas if it is nil.
func NewTracker(fold func([]string) string) *Tracker {
	c := Config{Fold: fold}.withDefaults()
	return &Tracker{fold: c.Fold, hosts: make(map[trackKey]*tracked), counts: make(map[event.Outcome]int), ended: make(map[string]bool)}
}

// Emit takes note of e.
func (t *Tracker) Emit(e *event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.takeTask(e) {
		return
	}
	switch e.Type {
	case event.RunStart:
		t.began, t.order = e.Time, e.Hosts
	case event.HostStart:
		t.start(t.host(e.Host, ""), e.Time)
	case event.Connect:
		h := t.host(e.Host, "")
		t.start(h, e.Time)
		if h.phase == connecting {
			h.phase, h.since = running, e.Time
		}
	case event.Output:
		h := t.host(e.Host, "")
		if h.phase == connecting {
			h.phase, h.since = running, e.Time
		}
		h.output(e)
	case event.HostEnd:
		t.end(t.host(e.Host, ""), e.Outcome)
	}
}

func (t *Tracker) host(name, task string) *tracked {
	k := trackKey{name, task}
	h := t.hosts[k]
	if h == nil {
		h = &tracked{name: name}
		t.hosts[k] = h
	}
	return h
}

func (t *Tracker) start(h *tracked, at time.Time) {
	if h.phase != waiting {
		return
	}
	h.phase, h.since = connecting, at
	t.working++
	h.prev, t.last = t.last, h
	if h.prev != nil {
		h.prev.next = h
	} else {
		t.first = h
	}
}

func (t *Tracker) end(h *tracked, o event.Outcome) {
	if h.phase == finished {
		return
	}
	if h.phase != waiting {
		t.unlink(h)
	}
	h.phase, h.line = finished, nil
	t.finished++
	t.counts[o]++
}

func (t *Tracker) unlink(h *tracked) {
	t.working--
	if h.prev != nil {
		h.prev.next = h.next
	} else {
		t.first = h.next
	}
	if h.next != nil {
		h.next.prev = h.prev
	} else {
		t.last = h.prev
	}
	h.prev, h.next = nil, nil
}

func (h *tracked) output(e *event.Event) {
	h.bytes += int64(len(e.Data))
	h.heard = e.Time
	text := bytes.TrimRight(e.Data, " \t\r\n")
	if len(text) == 0 {
		return
	}
	if i := bytes.LastIndexAny(text, "\r\n"); i >= 0 {
		text = text[i+1:]
	}
	h.line = append(h.line[:0], text[:min(len(text), lastLine)]...)
}
