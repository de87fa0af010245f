package ansible

import (
	"cmp"
	"slices"

	"fleet/inventory/source"
)

// settle does what Ansible does when all files are read: who is in no group is
// in "ungrouped", and nobody else; and every group gets its depth.
func (l *loader) settle() {
	m := l.model
	grouped := make([]bool, len(m.hosts))
	for i, g := range m.groups {
		if i != all && i != ungrouped {
			for _, h := range g.hosts {
				grouped[h] = true
			}
		}
	}
	rest := m.groups[ungrouped]
	rest.hosts = slices.DeleteFunc(rest.hosts, func(h int32) bool { return grouped[h] })
	for _, h := range rest.hosts {
		grouped[h] = true
	}
	for i, in := range grouped {
		if !in {
			rest.hosts = append(rest.hosts, int32(i))
		}
	}
	for i, g := range m.groups {
		if h, ok := m.hostIndex[g.name]; ok && i > ungrouped {
			l.warn(m.hosts[h].At, "Host named like a group", "%q is a host and a group. Variables of the host in inventory files go to the group, as they do in Ansible.", g.name)
		}
	}
	l.depths()
}

// depths finds the longest way from each group up to "all", by taking groups
// whose parents are done. Groups that are never done are in a loop, or below.
func (l *loader) depths() {
	m := l.model
	waiting := make([]int, len(m.groups))
	above := make([]int, len(m.groups)) // at most how many groups are above
	var ready []int32
	for i, g := range m.groups {
		g.depth = min(i, 1)
		if waiting[i] = len(g.parents); waiting[i] == 0 {
			ready = append(ready, int32(i))
		}
	}
	done, levels := 0, 0
	for ; len(ready) > 0; done++ {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		g := m.groups[i]
		levels += (above[i] + 1) * (len(g.hosts) + len(g.children) + 1)
		if levels > maxLevels {
			l.fail(g.at, "Inventory too large", "The groups nest too much: hosts and groups have more than %d groups above them, taken together.", maxLevels)
			return
		}
		for _, e := range g.children {
			child := m.groups[e.child]
			child.depth = max(child.depth, g.depth+1)
			above[e.child] = min(above[e.child]+above[i]+1, len(m.groups))
			if waiting[e.child]--; waiting[e.child] == 0 {
				ready = append(ready, e.child)
			}
		}
	}
	if done < len(m.groups) {
		l.loop(waiting)
	}
}

// loop tells of a group that is above itself.
func (l *loader) loop(waiting []int) {
	m := l.model
	i := int32(slices.IndexFunc(waiting, func(n int) bool { return n > 0 }))
	// Every group that waits has a parent that waits: going up ends in a loop.
	for seen := map[int32]bool{}; !seen[i]; {
		seen[i] = true
		for _, p := range m.groups[i].parents {
			if waiting[p] > 0 {
				i = p
				break
			}
		}
	}
	g := m.groups[i]
	at := g.at
	for _, p := range g.parents {
		if waiting[p] == 0 {
			continue
		}
		for _, e := range m.groups[p].children {
			if e.child == i {
				at = e.at
			}
		}
	}
	l.fail(at, "Group loop", "%q is a child of itself, through the groups below it.", g.name)
}

// ranked lists the groups but "all" in the order in which Ansible lays their
// variables over each other.
func (m *model) ranked() []int32 {
	var order []int32
	for i, g := range m.groups {
		if i == all || i == ungrouped && len(g.hosts) == 0 && len(g.children) == 0 {
			continue
		}
		order = append(order, int32(i))
	}
	slices.SortFunc(order, func(x, y int32) int {
		a, b := m.groups[x], m.groups[y]
		return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(a.priority, b.priority), cmp.Compare(a.name, b.name))
	})
	return order
}

// data is what was read, in the form of package source.
func (l *loader) data() *source.Data {
	m := l.model
	if l.errors == 0 {
		l.settle()
	}
	d := &source.Data{Hosts: m.hosts}
	top := m.groups[all]
	d.Common.Vars = overlay(top.vars, top.files)
	if l.errors == 0 {
		order := m.ranked()
		l.overrides(order)
		for _, i := range order {
			g := m.groups[i]
			out := source.Group{Name: g.name, At: g.at, Hosts: make([]string, 0, len(g.hosts))}
			for _, h := range g.hosts {
				out.Hosts = append(out.Hosts, m.hosts[h].Name)
			}
			for _, e := range g.children {
				out.Children = append(out.Children, m.groups[e.child].name)
			}
			out.Vars = overlay(g.vars, g.files)
			d.Groups = append(d.Groups, out)
		}
	}
	d.Problems = l.problems
	if l.errors == 0 {
		d.MapAnsible()
	}
	return d
}
