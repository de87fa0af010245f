package output

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"fleet/event"
	"fleet/internal/term"
)

// maxCauses bounds the lines of a summary.
const maxCauses = 20

// A summary remembers who did not succeed, and why.
type summary struct {
	tally event.Tally

	mu     sync.Mutex
	total  int  // selected hosts
	tasks  bool // the run is one of tasks
	groups map[string]*ending
	order  []*ending
	hints  map[string]bool // told already
}

// An ending is one way to end other than success, and who ended so.
type ending struct {
	text  string
	rank  int
	hint  string
	hosts []string
}

func (s *summary) Emit(e *event.Event) {
	switch e.Type {
	case event.RunStart:
		s.mu.Lock()
		s.total = len(e.Hosts)
		s.mu.Unlock()
	case event.TaskStart:
		s.mu.Lock()
		s.tasks = true
		s.mu.Unlock()
	case event.HostEnd:
		s.tally.Emit(e)
		if e.Outcome != event.OK {
			s.add(e)
		}
	}
}

func (s *summary) add(e *event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := gist(e)
	if s.tasks {
		text = hostFailure(e, gist)
	}
	g := s.groups[text]
	if g == nil {
		g = &ending{text: text, rank: slices.Index(event.Outcomes, e.Outcome), hint: e.Hint}
		if s.groups == nil {
			s.groups = make(map[string]*ending)
		}
		s.groups[text] = g
		s.order = append(s.order, g)
	}
	g.hosts = append(g.hosts, e.Host)
}

// hint returns the hint of e the first time it comes up: the same advice for a
// hundred hosts is said once.
func (s *summary) hint(hint string) string {
	if hint == "" {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hints[hint] {
		return ""
	}
	if s.hints == nil {
		s.hints = make(map[string]bool)
	}
	s.hints[hint] = true
	return " (hint: " + term.Clean(hint) + ")"
}

// text is what is said at the end: nothing when all went well, unless somebody
// watches. Told says that each failure was already printed by itself, so that
// for a single host there is nothing to add.
func (s *summary) text(c *core, end *event.Event, told bool) []byte {
	endings, total := s.endings()
	sums := s.tally.Summary(event.Completed)
	if end != nil && end.Summary != nil {
		sums.Why = end.Summary.Why
	}
	watched := c.cfg.Verbose > 0 || c.cfg.Live && total > 1
	early := sums.Why != event.Completed
	if len(endings) == 0 && !watched && !early {
		return nil
	}
	if told && total == 1 && !watched && !early {
		return nil
	}
	var b []byte
	for i, g := range endings {
		if i == maxCauses {
			b = fmt.Appendf(b, "fleet: other causes (%d): %s\n", len(endings)-i, c.fold(restOf(endings[i:])))
			break
		}
		b = fmt.Appendf(b, "fleet: %s: %s%s\n", g.text, c.fold(g.hosts), s.hint(g.hint))
	}
	return append(b, s.counts(sums, end)...)
}

// endings returns copies, in the order of outcomes and largest first.
func (s *summary) endings() (endings []ending, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.order {
		endings = append(endings, ending{text: g.text, rank: g.rank, hint: g.hint, hosts: slices.Clone(g.hosts)})
	}
	slices.SortStableFunc(endings, func(a, b ending) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return len(b.hosts) - len(a.hosts)
	})
	return endings, s.total
}

func restOf(endings []ending) []string {
	var hosts []string
	for _, g := range endings {
		hosts = append(hosts, g.hosts...)
	}
	return hosts
}

// counts is the closing line.
func (s *summary) counts(sums *event.Summary, end *event.Event) string {
	var parts []string
	for _, o := range event.Outcomes {
		if n := sums.Counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, label(o)))
		}
	}
	if len(parts) == 0 {
		return "" // nothing has ended yet: the user left
	}
	line := "fleet: " + strings.Join(parts, ", ")
	if end != nil && end.Duration > 0 {
		line += " in " + seconds(end.Duration)
	}
	s.mu.Lock()
	tasks := s.tasks
	s.mu.Unlock()
	switch {
	case sums.Why == event.Completed:
	case sums.Why == event.Threshold && tasks: // the task said what it was
		line += "; stopped early"
	default:
		line += "; stopped early: " + whyText(sums.Why)
	}
	return line + "\n"
}

func whyText(w event.Why) string {
	switch w {
	case event.Threshold:
		return "too many failures"
	case event.Deadline:
		return "the deadline passed"
	case event.Aborted:
		return "fleet could not go on"
	default:
		return term.Clean(string(w))
	}
}

// fold writes a set of hosts in short.
func (c *core) fold(hosts []string) string { return term.Clean(c.cfg.Fold(hosts)) }
