package source

import "slices"

// An ansibleMap maps the variables of one inventory.
type ansibleMap struct {
	data  *Data
	above map[string][]int // group -> the groups it is listed in as a child
	of    [][]int          // host -> the groups that list it, in ascending order
	notes notes
}

func newAnsibleMap(d *Data) *ansibleMap {
	m := &ansibleMap{data: d, above: map[string][]int{}, of: make([][]int, len(d.Hosts))}
	hosts := make(map[string]int, len(d.Hosts))
	for i := range d.Hosts {
		hosts[d.Hosts[i].Name] = i
		hidePasswords(d.Hosts[i].Vars)
	}
	for i := range d.Groups {
		g := &d.Groups[i]
		hidePasswords(g.Vars)
		for _, child := range g.Children {
			m.above[child] = append(m.above[child], i)
		}
		for _, name := range g.Hosts {
			if h, ok := hosts[name]; ok {
				m.of[h] = append(m.of[h], i)
			}
		}
	}
	hidePasswords(d.Common.Vars)
	return m
}

// A level is where variables of a family stand.
type level struct {
	facets  *Facets
	subject subject
	vars    map[string]Value
}

// layout finds the levels that have variables of f, or, where f has to be
// mapped host by host, the variables of each host that has any.
func (m *ansibleMap) layout(f family) []level {
	d := m.data
	var levels []level
	if vars := f.pick(d.Common.Vars); vars != nil {
		levels = append(levels, level{&d.Common, subject{group: "all"}, vars})
	}
	inGroup := make([]map[string]Value, len(d.Groups))
	for i := range d.Groups {
		g := &d.Groups[i]
		if vars := f.pick(g.Vars); vars != nil {
			inGroup[i] = vars
			levels = append(levels, level{&g.Facets, subject{group: g.Name}, vars})
		}
	}
	shared := len(levels) // levels of many hosts
	for i := range d.Hosts {
		h := &d.Hosts[i]
		if vars := f.pick(h.Vars); vars != nil {
			levels = append(levels, level{&h.Facets, subject{host: h.Name}, vars})
		}
	}
	if shared == 0 || len(levels) < 2 || !f.joint && !severalNames(levels) {
		return levels
	}
	if hosts := m.perHost(f, inGroup); hosts != nil {
		return hosts
	}
	return levels
}

// severalNames reports whether variables of different names are in use.
func severalNames(levels []level) bool {
	seen := ""
	for _, l := range levels {
		for name := range l.vars {
			if seen != "" && seen != name {
				return true
			}
			seen = name
		}
	}
	return false
}

// perHost merges the levels of each host. It is nil when no host has variables
// of f on two levels: then each level can be mapped alone.
func (m *ansibleMap) perHost(f family, inGroup []map[string]Value) []level {
	d := m.data
	var out []level
	tangled := false
	cache := map[int][]int{}
	for i := range d.Hosts {
		vars, n := f.pick(d.Common.Vars), 0
		if vars != nil {
			n++
		}
		var groups []int
		for _, g := range m.of[i] {
			groups = append(groups, m.relevant(g, inGroup, cache)...)
		}
		slices.Sort(groups)
		for _, g := range slices.Compact(groups) {
			vars = over(vars, inGroup[g])
			n++
		}
		h := &d.Hosts[i]
		if own := f.pick(h.Vars); own != nil {
			vars = over(vars, own)
			n++
		}
		if n > 0 {
			out = append(out, level{&h.Facets, subject{host: h.Name}, vars})
		}
		tangled = tangled || n > 1
	}
	if !tangled {
		return nil
	}
	return out
}

// relevant lists the group g and those above it that have variables.
func (m *ansibleMap) relevant(g int, inGroup []map[string]Value, cache map[int][]int) []int {
	if list, ok := cache[g]; ok {
		return list
	}
	cache[g] = nil // a cycle ends here
	var list []int
	if inGroup[g] != nil {
		list = append(list, g)
	}
	for _, up := range m.above[m.data.Groups[g].Name] {
		list = append(list, m.relevant(up, inGroup, cache)...)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	cache[g] = list
	return list
}
