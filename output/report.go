package output

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"fleet/event"
	"fleet/internal/term"
)

const (
	// maxStragglers bounds the hosts a report names one by one.
	maxStragglers = 10
	// maxFolded bounds a set of names in a report, in cells.
	maxFolded = 400
)

// A straggler is what a report says of one host at work.
type straggler struct {
	name    string
	what    string // the step that it is at
	bytes   int64
	line    string
	running time.Duration
	silent  time.Duration
}

// Report writes the state of every unfinished host: those that were silent
// longest first, one by one up to ten, the rest folded.
func (t *Tracker) Report(w io.Writer) error {
	var b bytes.Buffer
	busy, connect, wait := t.head(&b, time.Now())
	slices.SortStableFunc(busy, moreSilent)
	for i, s := range busy {
		if i == maxStragglers {
			var names []string
			for _, s := range busy[i:] {
				names = append(names, s.name)
			}
			t.group(&b, fmt.Sprintf("running, %d more", len(names)), names)
			break
		}
		s.print(&b)
	}
	t.group(&b, "connecting", connect)
	t.group(&b, "waiting for their turn", wait)
	_, err := w.Write(b.Bytes())
	return err
}

// head writes the first line and returns copies of what is unfinished.
func (t *Tracker) head(b *bytes.Buffer, now time.Time) (busy []straggler, connect, wait []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(b, "fleet: %d of %d hosts done", t.finished, t.selected())
	for _, o := range event.Outcomes[1:] {
		if n := t.counts[o]; n > 0 {
			fmt.Fprintf(b, ", %d %s", n, label(o))
		}
	}
	if !t.began.IsZero() {
		fmt.Fprintf(b, "; %s so far", seconds(now.Sub(t.began)))
	}
	b.WriteByte('\n')
	if t.tasks != nil {
		for _, o := range t.tasks.open {
			fmt.Fprintf(b, "  task %s\n", o.status())
		}
	}
	for h := t.first; h != nil; h = h.next {
		if h.phase == connecting {
			connect = append(connect, h.name)
			continue
		}
		busy = append(busy, h.straggler(now))
	}
	return busy, connect, t.idle()
}

// idle are the hosts that are not at work and did not end; t.mu is held.
func (t *Tracker) idle() (wait []string) {
	if t.tasks != nil {
		busy := make(map[string]bool, t.working)
		for h := t.first; h != nil; h = h.next {
			busy[h.name] = true
		}
		for _, name := range t.order {
			if !t.ended[name] && !busy[name] {
				wait = append(wait, name)
			}
		}
		return wait
	}
	for _, name := range t.order {
		if h := t.hosts[trackKey{host: name}]; h == nil || h.phase == waiting {
			wait = append(wait, name)
		}
	}
	return wait
}

func (h *tracked) straggler(now time.Time) straggler {
	s := straggler{name: h.name, what: h.what, bytes: h.bytes, line: string(h.line), running: now.Sub(h.since), silent: now.Sub(h.since)}
	if !h.heard.IsZero() {
		s.silent = now.Sub(h.heard)
	}
	return s
}

// moreSilent puts those first that were silent for longer.
func moreSilent(x, y straggler) int {
	return int(y.silent/time.Millisecond - x.silent/time.Millisecond)
}

func (t *Tracker) selected() int { return max(len(t.order), t.finished+t.working) }

func (t *Tracker) group(b *bytes.Buffer, what string, hosts []string) {
	if len(hosts) > 0 {
		fmt.Fprintf(b, "  %s: %s\n", what, term.Truncate(term.Clean(t.fold(hosts)), maxFolded))
	}
}

func (s *straggler) print(b *bytes.Buffer) {
	what := "running"
	if s.what != "" {
		what = s.what + " running"
	}
	fmt.Fprintf(b, "  %s: %s %s", term.Clean(s.name), what, seconds(s.running))
	if s.bytes == 0 {
		b.WriteString(", no output yet\n")
		return
	}
	fmt.Fprintf(b, ", silent %s, %s", seconds(s.silent), size(s.bytes))
	if s.line != "" {
		fmt.Fprintf(b, ", last line: %s", term.Clean(s.line))
	}
	b.WriteByte('\n')
}

// size writes a number of bytes as people read it.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	default:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
}
