package output

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fleet/event"
	"fleet/internal/term"
)

// maxNamed bounds the hosts that a line names one by one.
const maxNamed = 3

// taskTracker is what a Tracker knows of a run of tasks; Tracker.mu guards it.
type taskTracker struct {
	batches map[string]int           // number of batches, by task
	open    []*trackedBatch          // at work, oldest first
	bad     map[string]event.Outcome // hosts that failed so far
}

type trackedBatch struct {
	task   string
	n, of  int
	course *course
}

// takeTask takes note of an event of a run of tasks; t.mu is held. It reports
// whether there is nothing more to note.
func (t *Tracker) takeTask(e *event.Event) bool {
	if e.Type == event.TaskStart && t.tasks == nil {
		t.tasks = &taskTracker{batches: make(map[string]int), bad: make(map[string]event.Outcome)}
	}
	k := t.tasks
	if k == nil {
		return false
	}
	switch e.Type {
	case event.TaskStart:
		k.batches[e.Task] = e.Batches
	case event.BatchStart:
		k.open = append(k.open, &trackedBatch{task: e.Task, n: e.Batch, of: k.batches[e.Task], course: newCourse(e.Hosts)})
	case event.BatchEnd:
		k.open = slices.DeleteFunc(k.open, func(b *trackedBatch) bool { return b.task == e.Task && b.n == e.Batch })
	case event.StepStart, event.StepRetry, event.StepEnd:
		t.step(e)
	case event.Output:
		if h := t.host(e.Host, e.Task); h.phase == running {
			h.output(e)
		}
	case event.HostEnd:
		for _, b := range k.open {
			b.course.leave(e.Host)
		}
		if e.Outcome != event.OK {
			t.failed(e.Host, e.Outcome)
		}
		t.finished++
		t.ended[e.Host] = true
	}
	return true
}

func (t *Tracker) step(e *event.Event) {
	for _, b := range t.tasks.open {
		if b.task == e.Task && b.n == e.Batch {
			b.course.take(e)
		}
	}
	h := t.host(e.Host, e.Task)
	if e.Type == event.StepEnd {
		if h.phase == running {
			t.unlink(h)
			h.phase = waiting
		}
		if failed(e) {
			t.failed(e.Host, e.Outcome)
		}
		return
	}
	if h.phase == waiting {
		t.start(h, e.Time)
		h.phase = running
	}
	h.what = stepName(e.Section, e.Step) + callName(e)
	h.since, h.heard, h.bytes, h.line = e.Time, time.Time{}, 0, h.line[:0]
}

// failed counts a host that failed, once.
func (t *Tracker) failed(host string, o event.Outcome) {
	if _, ok := t.tasks.bad[host]; !ok {
		t.tasks.bad[host] = o
		t.counts[o]++
	}
}

// taskStatus is the text of the status line of a run of tasks; t.mu is held.
func (t *Tracker) taskStatus(now time.Time) string {
	var parts []string
	for i, b := range t.tasks.open {
		if i == maxNamed {
			parts = append(parts, fmt.Sprintf("%d more tasks", len(t.tasks.open)-i))
			break
		}
		parts = append(parts, b.status())
	}
	if len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("%d/%d hosts done", t.finished, t.selected()))
	}
	for _, o := range event.Outcomes[1:] {
		if n := t.counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, label(o)))
		}
	}
	parts = append(parts, clock(now.Sub(t.began)))
	if text := t.waitingLocked(now, 1, clock); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func (b *trackedBatch) status() string {
	s := term.Clean(b.task)
	if b.of > 1 {
		s += fmt.Sprintf(" %d/%d", b.n, b.of)
	}
	if l := b.course.first(); l != nil {
		name := strings.TrimPrefix(stepName(l.section, l.step), "step ")
		s += fmt.Sprintf(" %s %d/%d", name, len(b.course.at)-l.left, len(b.course.at))
	}
	return s
}

// waitingFor says which hosts are at work, those that were silent longest first;
// named of them one by one. It is empty where there are none.
func (t *Tracker) waitingFor(now time.Time, named int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waitingLocked(now, named, wholeSeconds)
}

func (t *Tracker) waitingLocked(now time.Time, named int, say func(time.Duration) string) string {
	if t.working == 0 {
		return ""
	}
	busy := make([]straggler, 0, t.working)
	for h := t.first; h != nil; h = h.next {
		busy = append(busy, h.straggler(now))
	}
	slices.SortStableFunc(busy, moreSilent)
	s := fmt.Sprintf("waiting for %d", len(busy))
	if what := busy[0].what; named > 1 && !slices.ContainsFunc(busy, func(b straggler) bool { return b.what != what }) {
		s += " at " + what
	}
	s += ": "
	var rest []string
	for i, b := range busy {
		if i >= named {
			rest = append(rest, b.name)
			continue
		}
		if i > 0 {
			s += "; "
		}
		s += b.brief(say)
	}
	if len(rest) > 0 && named > 1 {
		s += "; " + term.Truncate(term.Clean(t.fold(rest)), maxFolded)
	}
	return s
}

// wholeSeconds writes a duration that nobody measures.
func wholeSeconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return seconds(d)
}

// brief says for how long a host was silent, and what it printed last.
func (s *straggler) brief(say func(time.Duration) string) string {
	text := fmt.Sprintf("%s silent for %s", term.Clean(s.name), say(s.silent))
	if s.line != "" {
		text += ", last line: " + term.Clean(s.line)
	}
	return text
}
