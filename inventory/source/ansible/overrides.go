package ansible

import (
	"maps"
	"slices"

	"fleet/inventory/source"
)

// overlay lays high over low; both stay as they are.
func overlay(low, high map[string]source.Value) map[string]source.Value {
	switch {
	case len(low) == 0:
		return high
	case len(high) == 0:
		return low
	}
	out := maps.Clone(low)
	maps.Copy(out, high)
	return out
}

// overrides makes up for what the order of groups cannot say. Ansible lays
// variables in this order:
//
//	all, then the groups, in inventory files
//	all, then the groups, in group_vars
//	the host
//
// So what group_vars say of all hosts hides what inventory files say of a group,
// and what they say of a group hides what inventory files say of its children.
// The first is left out of the groups. Where the second matters for a host, it
// gets the value that wins, with the place where that stands.
func (l *loader) overrides(order []int32) {
	m := l.model
	hidden := m.groups[all].files
	inFiles := map[string]bool{} // variables in group_vars of a group
	for _, i := range order {
		g := m.groups[i]
		maps.DeleteFunc(g.vars, func(name string, _ source.Value) bool {
			_, ok := hidden[name]
			return ok
		})
		for name := range g.files {
			inFiles[name] = true
		}
	}
	contested := map[string]bool{}
	for _, i := range order {
		for name := range m.groups[i].vars {
			if inFiles[name] {
				contested[name] = true
			}
		}
	}
	if len(contested) == 0 {
		return
	}
	o := &overrider{loader: l, rank: make([]int32, len(m.groups)), above: make([][]int32, len(m.groups))}
	for n, i := range order {
		o.rank[i] = int32(n)
	}
	o.hosts(order, contested)
}

// An overrider finds what wins for each host.
type overrider struct {
	*loader
	rank  []int32   // of a group
	above [][]int32 // the group and those above it, by rank, once it is known
	steps int
}

func (o *overrider) hosts(order []int32, contested map[string]bool) {
	m := o.model
	in := make([][]int32, len(m.hosts))
	for _, i := range order {
		for _, h := range m.groups[i].hosts {
			in[h] = append(in[h], i)
		}
	}
	names := slices.Sorted(maps.Keys(contested))
	for h := range m.hosts {
		var groups []int32
		for _, i := range in[h] {
			groups = append(groups, o.chain(i)...)
		}
		slices.SortFunc(groups, o.byRank)
		groups = slices.Compact(groups)
		for _, name := range names {
			if _, own := m.hosts[h].Vars[name]; own {
				continue
			}
			v, ok := o.hiddenValue(groups, name)
			if o.steps > 4*maxLevels || ok && !o.spend(v.At) {
				o.fail(m.hosts[h].At, "Inventory too large", "Too many variables stand in inventory files and in group_vars as well.")
				return
			}
			if ok {
				m.setOwn(h, name, v)
			}
		}
	}
}

// hiddenValue is the value of the last group_vars file among groups, if the
// order of the groups alone would hide it.
func (o *overrider) hiddenValue(groups []int32, name string) (source.Value, bool) {
	hidden := false
	for _, i := range slices.Backward(groups) {
		o.steps++
		g := o.model.groups[i]
		if v, ok := g.files[name]; ok {
			return v, hidden
		}
		if _, ok := g.vars[name]; ok {
			hidden = true
		}
	}
	return source.Value{}, false
}

func (o *overrider) byRank(a, b int32) int { return int(o.rank[a] - o.rank[b]) }

// chain lists a group and those above it but "all". There are no loops.
func (o *overrider) chain(i int32) []int32 {
	if o.above[i] != nil {
		return o.above[i]
	}
	list := []int32{i}
	for _, p := range o.model.groups[i].parents {
		if p != all {
			list = append(list, o.chain(p)...)
		}
	}
	slices.SortFunc(list, o.byRank)
	o.above[i] = slices.Compact(list)
	return o.above[i]
}

// setOwn sets a variable of a host, whatever groups there are.
func (m *model) setOwn(h int, name string, v source.Value) {
	if m.hosts[h].Vars == nil {
		m.hosts[h].Vars = map[string]source.Value{}
	}
	m.hosts[h].Vars[name] = v
}
