package output

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"fleet/event"
	"fleet/internal/term"
)

// A stepCount is how a step went in all batches of a task.
type stepCount struct {
	stepKey
	hosts   [fates]int
	slowest time.Duration
	who     string
}

// count takes what is wanted at the end out of a step that is shown.
func (r *taskRun) count(t *taskShow, s *stepShow) {
	k := stepKey{s.section, s.name}
	c := t.index[k]
	if c == nil {
		c = &stepCount{stepKey: k}
		t.index[k] = c
		t.steps = append(t.steps, c)
	}
	for _, b := range s.bunches {
		c.hosts[b.fate] += len(b.hosts)
		for _, h := range b.hosts {
			r.host(h).steps[b.fate]++
		}
	}
	if s.slowest > c.slowest {
		c.slowest, c.who = s.slowest, s.who
	}
}

// recap prints the end of the run: a table of all steps, who did not succeed,
// with Config.Verbose how all hosts fared, and the counts.
func (r *taskRun) recap(end *event.Event) {
	if r.cfg.Quiet || r.screen.gone.Load() {
		return
	}
	width := r.cfg.Width()
	b := r.table(nil, width)
	if len(b) > 0 {
		b = append([]byte("\n"), b...) // what is above are the steps as they went
	}
	endings, _ := r.sum.endings()
	for i, g := range endings {
		if i == maxCauses {
			b = appendWrapped(b, fmt.Sprintf("fleet: other causes (%d): %s", len(endings)-i, r.fold(restOf(endings[i:]))), indent, width)
			break
		}
		b = appendWrapped(b, fmt.Sprintf("fleet: %s: %s%s", g.text, r.fold(g.hosts), r.sum.hint(g.hint)), indent, width)
	}
	if r.cfg.Verbose > 0 {
		b = r.fared(b, width)
	}
	sums := r.sum.tally.Summary(event.Completed)
	if end != nil && end.Summary != nil {
		sums.Why = end.Summary.Why
	}
	r.screen.message(append(b, r.sum.counts(sums, end)...))
}

// A tableRow is a line of the table.
type tableRow struct {
	name, who string
	cells     []string
}

// table appends a line for each step. Fates that no host had have no column.
func (r *taskRun) table(dst []byte, width int) []byte {
	var used []fate
	for _, f := range shownFates {
		if slices.ContainsFunc(r.order, func(t *taskShow) bool {
			return slices.ContainsFunc(t.steps, func(c *stepCount) bool { return c.hosts[f] > 0 })
		}) {
			used = append(used, f)
		}
	}
	if len(used) == 0 {
		return dst
	}
	head := tableRow{name: "recap"}
	for _, f := range used {
		head.cells = append(head.cells, f.String())
	}
	head.cells = append(head.cells, "slowest")
	rows := []tableRow{head}
	for _, t := range r.order {
		slices.SortStableFunc(t.steps, func(a, b *stepCount) int {
			return cmp.Compare(slices.Index(sections[:], a.section), slices.Index(sections[:], b.section))
		})
		for _, c := range t.steps {
			rows = append(rows, c.row(r.stepName(t, c.section, c.name), used, len(r.hosts) > 1))
		}
	}
	return appendTable(dst, rows, width)
}

func (c *stepCount) row(name string, used []fate, named bool) tableRow {
	w := tableRow{name: name}
	for _, f := range used {
		text := "-"
		if n := c.hosts[f]; n > 0 {
			text = fmt.Sprint(n)
		}
		w.cells = append(w.cells, text)
	}
	if c.who == "" {
		w.cells = append(w.cells, "-")
		return w
	}
	w.cells = append(w.cells, seconds(c.slowest))
	if named {
		w.who = term.Clean(c.who)
	}
	return w
}

// appendTable appends rows in columns. A name that leaves no room for the
// columns has a line to itself.
func appendTable(dst []byte, rows []tableRow, width int) []byte {
	wide := make([]int, len(rows[0].cells))
	total, name, who := 0, 0, 0
	for i := range wide {
		for _, w := range rows {
			wide[i] = max(wide[i], len(w.cells[i]))
		}
		total += 2 + wide[i]
	}
	for _, w := range rows {
		who = max(who, cells(w.who))
	}
	most := max(width-1-total-2-who, leastRoom)
	for _, w := range rows {
		if n := cells(w.name); n <= most {
			name = max(name, n)
		}
	}
	for _, w := range rows {
		n := cells(w.name)
		dst = append(dst, w.name...)
		if n > name {
			dst, n = append(dst, '\n'), 0
		}
		dst = append(dst, strings.Repeat(" ", name-n)...)
		for i, text := range w.cells {
			dst = fmt.Appendf(dst, "  %*s", wide[i], text)
		}
		if w.who != "" {
			dst = append(append(dst, "  "...), w.who...)
		}
		dst = append(dst, '\n')
	}
	return dst
}

// fared appends how many steps went how, for each host; those that fared alike
// share a line.
func (r *taskRun) fared(dst []byte, width int) []byte {
	index := make(map[[fates]uint16]int)
	var alike []ending
	for i := range r.hosts {
		h := &r.hosts[i]
		at, ok := index[h.steps]
		if !ok {
			var parts []string
			for _, f := range shownFates {
				if n := h.steps[f]; n > 0 {
					parts = append(parts, fmt.Sprintf("%d %s", n, f))
				}
			}
			at = len(alike)
			index[h.steps] = at
			alike = append(alike, ending{text: "steps: " + strings.Join(parts, ", ")})
			if len(parts) == 0 {
				alike[at].text = "no steps"
			}
		}
		alike[at].hosts = append(alike[at].hosts, h.name)
	}
	slices.SortStableFunc(alike, func(a, b ending) int { return len(a.hosts) - len(b.hosts) })
	for _, g := range alike {
		dst = appendWrapped(dst, fmt.Sprintf("fleet: %s: %s", g.text, r.fold(g.hosts)), indent, width)
	}
	return dst
}
