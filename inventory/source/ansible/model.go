package ansible

import (
	"fleet/inventory/source"
)

// A model is an inventory as Ansible sees it while it reads: hosts and groups
// that know each other by number. Group 0 is "all", group 1 "ungrouped".
type model struct {
	hosts     []source.Host
	hostIndex map[string]int32

	groups     []*group
	groupIndex map[string]int32

	member map[[2]int32]struct{} // group, host
	nested map[[2]int32]struct{} // group, child
}

const (
	all       = 0
	ungrouped = 1
)

// A group is one of an inventory.
type group struct {
	name     string
	at       source.Place
	hosts    []int32
	children []edge
	parents  []int32
	priority int
	depth    int                     // the longest way up to all
	vars     map[string]source.Value // from inventory files
	files    map[string]source.Value // from group_vars
}

// An edge leads to a child, and says where it was named one.
type edge struct {
	child int32
	at    source.Place
}

func newModel() *model {
	m := &model{
		hostIndex: map[string]int32{}, groupIndex: map[string]int32{},
		member: map[[2]int32]struct{}{}, nested: map[[2]int32]struct{}{},
	}
	m.group("all", source.Place{})
	m.group("ungrouped", source.Place{})
	return m
}

// group finds a group, or adds one.
func (m *model) group(name string, at source.Place) int32 {
	if i, ok := m.groupIndex[name]; ok {
		if g := m.groups[i]; g.at.File == "" {
			g.at = at
		}
		return i
	}
	i := int32(len(m.groups))
	m.groups = append(m.groups, &group{name: name, at: at, priority: 1})
	m.groupIndex[name] = i
	return i
}

// host finds a host, or adds one, and puts it into a group. The second result
// says whether it is new.
func (m *model) host(name string, into int32, at source.Place) (int32, bool) {
	i, ok := m.hostIndex[name]
	if !ok {
		i = int32(len(m.hosts))
		m.hosts = append(m.hosts, source.Host{Name: name, At: at})
		m.hostIndex[name] = i
	}
	key := [2]int32{into, i}
	if _, in := m.member[key]; !in {
		m.member[key] = struct{}{}
		m.groups[into].hosts = append(m.groups[into].hosts, i)
	}
	return i, !ok
}

// child makes a group a child of another. Loops are found at the end.
func (m *model) child(parent, child int32, at source.Place) {
	key := [2]int32{parent, child}
	if _, in := m.nested[key]; in {
		return
	}
	m.nested[key] = struct{}{}
	m.groups[parent].children = append(m.groups[parent].children, edge{child, at})
	m.groups[child].parents = append(m.groups[child].parents, parent)
}

// setVar sets a variable of a group.
func (g *group) setVar(name string, v source.Value) {
	if g.vars == nil {
		g.vars = map[string]source.Value{}
	}
	g.vars[name] = v
}

// setHostVar sets a variable of a host. Ansible gives it to the group of that
// name where there is one, and so do we.
func (m *model) setHostVar(i int32, name string, v source.Value) {
	h := &m.hosts[i]
	if g, ok := m.groupIndex[h.Name]; ok {
		m.groups[g].setVar(name, v)
		return
	}
	if h.Vars == nil {
		h.Vars = map[string]source.Value{}
	}
	h.Vars[name] = v
}
