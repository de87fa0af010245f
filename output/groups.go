package output

import (
	"fmt"
	"slices"

	"fleet/event"
	"fleet/internal/term"
)

// A group is the hosts whose result is the same in all that is shown: standard
// output, standard error, and how they ended.
type group struct {
	out, err place
	end      *event.Event // of the first host
	how      string       // short(end)
	hosts    []string
}

// groupKey tells results apart. The places come from a tree in which equal
// places are equal content.
type groupKey struct {
	out, err place
	how      string
}

// groupResults returns the groups, minorities first: what differs is what one
// looks for, and the largest group, often long, does not push it away.
func groupResults(all []*result) []*group {
	byKey := make(map[groupKey]*group)
	var groups []*group
	for _, r := range all {
		k := groupKey{r.out.place(), r.err.place(), short(r.end)}
		g := byKey[k]
		if g == nil {
			g = &group{out: k.out, err: k.err, end: r.end, how: k.how}
			byKey[k] = g
			groups = append(groups, g)
		}
		g.hosts = append(g.hosts, r.host)
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return len(a.hosts) - len(b.hosts) })
	return groups
}

// name is "web[01-40] (40)".
func (c *core) name(g *group) string {
	return fmt.Sprintf("%s (%d)", c.fold(g.hosts), len(g.hosts))
}

// title is the name and how the group ended, if not well.
func (c *core) title(g *group, note string) string {
	s := c.name(g)
	if note != "" {
		s += " " + note
	}
	if g.how != "" {
		s += ": " + g.how
	}
	if g.out.cut || g.err.cut {
		s += " (output is not complete)"
	}
	return s
}

const rule = "---------------\n"

// header is the block above a group's output, as dshbak and clush print it.
func header(to *Dest, title string) []byte {
	if to.Color {
		return []byte("\x1b[34m" + rule + title + "\n" + rule + resetColor)
	}
	return []byte(rule + title + "\n" + rule)
}

// printContent prints the content at p on one of the two outputs, safe for a
// terminal, and ends its last line.
func (c *collector) printContent(to *Dest, put func([]byte), p place) error {
	var clean *term.Sanitizer
	if to.sanitize() {
		clean = &term.Sanitizer{StripColor: !to.Color}
	}
	buf := c.bufs.take()
	defer c.bufs.give(buf)
	last := byte('\n')
	err := c.results.store.read(p, func(piece []byte) error {
		if clean != nil {
			*buf = clean.Append((*buf)[:0], piece)
			piece = *buf
		}
		if len(piece) > 0 {
			last = piece[len(piece)-1]
			put(piece)
		}
		if c.screen.gone.Load() {
			return errGone
		}
		return nil
	})
	if clean != nil {
		if rest := clean.Flush((*buf)[:0]); len(rest) > 0 {
			last = rest[len(rest)-1]
			put(rest)
		}
		if !clean.MidLine() && last != '\n' {
			return err // at most a color that was reset
		}
	}
	if last != '\n' {
		put(newline)
	}
	return err
}
