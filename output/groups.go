package output

import (
	"fmt"
	"slices"

	"fleet/event"
)

// A group is the hosts whose result is the same in all that is shown: standard
// output, standard error, and how they ended.
type group struct {
	out, err place
	end      *event.Event // of the first host
	how      string       // short(end)
	note     string       // what of the hosts it is, where it is not all: a step
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
func (c *core) title(g *group, stream string) string {
	s := c.name(g)
	for _, of := range []string{g.note, stream} {
		if of != "" {
			s += " " + of
		}
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
