package inventory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fleet/internal/nodeset"
	"fleet/inventory/source"
)

// A builder makes hosts and groups of what was decoded.
type builder struct {
	*decoder
	inv *Inventory

	listed []listing
	direct map[*groupDef][]string // the hosts a group lists
	state  map[*groupDef]visit
	child  map[*groupDef][]*groupDef // the groups that a group's members mention
	linked map[[2]*groupDef]bool     // the pairs in child
	work   int                       // hosts that members looked at
}

// The bounds of members: how deep groups may be members of groups, and how many
// hosts all of them may look at.
const (
	maxGroupDepth = 100
	maxGroupWork  = 2 * nodeset.MaxSize
)

// visit is how far a group's members are.
type visit int

const (
	unseen visit = iota
	active       // being evaluated: meeting it again is a cycle
	done
)

func (b *builder) build() {
	b.direct = map[*groupDef][]string{}
	b.state = map[*groupDef]visit{}
	b.child = map[*groupDef][]*groupDef{}
	b.linked = map[[2]*groupDef]bool{}
	b.addHosts()
	for _, def := range b.order {
		g := &Group{Name: def.name, def: def}
		g.Protected = def.protected != nil && def.protected.value == true
		b.inv.groups = append(b.inv.groups, g)
		b.inv.named[def.name] = g
	}
	for _, g := range b.inv.groups {
		b.resolveGroup(g, nil)
	}
	b.addStructure()
	b.addProfiles(b.ranked())
	b.checkJumps()
}

// addHosts makes a host of every name in a group and every host block.
func (b *builder) addHosts() {
	for i, names := range b.expandAll() {
		b.addNames(b.listed[i], names)
	}
	for _, def := range b.order {
		for i, name := range def.listed {
			def.listed[i] = b.addHost(name).Name
		}
		b.direct[def] = append(b.direct[def], def.listed...)
	}
	for _, def := range b.byName {
		h := b.addHost(def.name)
		h.def = def
	}
	b.inv.hosts = make([]*Host, 0, len(b.inv.byName))
	for _, h := range b.inv.byName {
		b.inv.hosts = append(b.inv.hosts, h)
	}
	slices.SortFunc(b.inv.hosts, func(x, y *Host) int { return nodeset.Compare(x.Name, y.Name) })
}

// A listing is one pattern of a group.
type listing struct {
	group *groupDef
	pattern
}

// expandAll expands the patterns of all groups; nothing when they list too many.
func (b *builder) expandAll() [][]string {
	total := 0
	var out [][]string
	for _, def := range b.order {
		for _, p := range def.patterns {
			names, err := expand(p.text)
			if err != nil {
				b.fail(p.at, "Invalid host pattern", "%s", sentence(expressionProblem(err)))
				b.unlisted = true
				continue
			}
			if total += len(names); total > nodeset.MaxSize {
				b.unlisted = true
				b.fail(p.at, "Too many hosts", "The groups of the inventory list more than %d hosts.", nodeset.MaxSize)
				return nil
			}
			out = append(out, names)
			b.listed = append(b.listed, listing{def, p})
		}
	}
	return out
}

// expand lists the names of a group's hosts: names and ranges, and the algebra.
func expand(text string) ([]string, error) {
	e, err := nodeset.Parse(text)
	if err != nil {
		return nil, err
	}
	return e.Eval(listResolver{})
}

// A listResolver knows that the hosts of a group are where hosts begin to exist.
type listResolver struct{}

func (listResolver) Resolve(t nodeset.Term, patterns []string) ([]string, error) {
	if t.Kind == nodeset.Name {
		return patterns, nil
	}
	return nil, fmt.Errorf("%q picks hosts that exist already; in hosts only names and ranges can stand, the rest goes into members", t.Text)
}

func (b *builder) addNames(l listing, names []string) {
	for i, name := range names {
		if problem := source.CheckHostName(name); problem != "" {
			b.fail(l.at, "Invalid host name", "%q is no name for a host: %s.", name, problem)
			b.unlisted = true
			return
		}
		names[i] = b.addHost(name).Name // one copy of each name
	}
	b.direct[l.group] = append(b.direct[l.group], names...)
}

func (b *builder) addHost(name string) *Host {
	h := b.inv.byName[name]
	if h == nil {
		h = &Host{Name: name}
		b.inv.byName[name] = h
	}
	return h
}

// expressionProblem is the text of an error in a pattern, without its position
// in an expression that stands in the source line anyway.
func expressionProblem(err error) string {
	var e *nodeset.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	if e.Hint != "" {
		return e.Msg + ". " + sentence(e.Hint)
	}
	return e.Msg
}

// sentence makes an error the text of a diagnostic.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if strings.ContainsAny(s[len(s)-1:], ".?!") {
		return s
	}
	return s + "."
}

// resolveGroup finds the hosts of g, after those of the groups it mentions.
func (b *builder) resolveGroup(g *Group, path []string) {
	if b.state[g.def] != unseen {
		return
	}
	b.state[g.def] = active
	names := b.direct[g.def]
	if m := g.def.members; m != nil && m.value != nil {
		more, err := b.evalMembers(g, append(path, g.Name))
		if err != nil {
			b.fail(m.at, "Invalid members", "%s", sentence(expressionProblem(err)))
		}
		names = append(slices.Clip(names), more...)
	}
	names = append(slices.Clip(names), b.fromChildren(g, append(path, g.Name))...)
	hosts := make([]*Host, 0, len(names))
	for _, name := range names {
		hosts = append(hosts, b.inv.byName[name])
	}
	byName := func(x, y *Host) int { return nodeset.Compare(x.Name, y.Name) }
	if !slices.IsSortedFunc(hosts, byName) { // those of a single group are
		slices.SortFunc(hosts, byName)
	}
	g.Hosts = slices.Compact(hosts)
	b.state[g.def] = done
}

// fromChildren lists the hosts of the groups that sources put into g.
func (b *builder) fromChildren(g *Group, path []string) []string {
	var names []string
	r := &memberResolver{builder: b, group: g, path: path}
	for _, child := range g.def.children {
		found, err := r.charged(r.inGroups([]string{child}))
		if err != nil {
			b.fail(g.def.at, "Invalid members", "%s", sentence(err.Error()))
			return nil
		}
		names = append(names, found...)
	}
	return names
}

func (b *builder) evalMembers(g *Group, path []string) ([]string, error) {
	e, err := nodeset.Parse(g.def.members.value.(string))
	if err != nil {
		return nil, err
	}
	return e.Eval(&memberResolver{builder: b, group: g, path: path})
}

// A memberResolver resolves the terms of one group's members, and remembers the
// groups among them: they are its children.
type memberResolver struct {
	*builder
	group *Group
	path  []string
}

func (r *memberResolver) Resolve(t nodeset.Term, patterns []string) ([]string, error) {
	if t.Kind == nodeset.Glob || t.Kind == nodeset.Regexp {
		r.work += len(r.inv.hosts)
	}
	return r.charged(r.resolve(t, patterns))
}

// charged counts the hosts that were found.
func (r *memberResolver) charged(names []string, err error) ([]string, error) {
	r.work += max(len(names), 1)
	if err == nil && r.work > maxGroupWork {
		err = errors.New("the members of all groups come to too many hosts")
	}
	return names, err
}

func (r *memberResolver) resolve(t nodeset.Term, patterns []string) ([]string, error) {
	switch t.Kind {
	case nodeset.Label:
		return nil, fmt.Errorf("the label %q cannot be used here, because labels may come from groups; name hosts and groups", t.Text)
	case nodeset.Group:
		return r.inGroups(patterns)
	}
	names, err := r.inv.resolveHosts(t, patterns)
	if r.unlisted {
		return names, nil
	}
	return names, err
}

// inGroups lists the hosts of groups, which become children of the group.
func (r *memberResolver) inGroups(patterns []string) ([]string, error) {
	groups, err := r.inv.matchGroups(patterns)
	if err != nil && r.ungrouped {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if r.state[g.def] == active {
			r.cycle(g)
			continue
		}
		if len(r.path) >= maxGroupDepth {
			return nil, fmt.Errorf("groups may be members of groups %d deep", maxGroupDepth)
		}
		r.resolveGroup(g, r.path)
		if link := [2]*groupDef{r.group.def, g.def}; !r.linked[link] {
			r.linked[link] = true
			r.child[r.group.def] = append(r.child[r.group.def], g.def)
		}
	}
	return hostNames(groups), nil
}

func (r *memberResolver) cycle(g *Group) {
	at := r.group.def.at
	if m := r.group.def.members; m != nil {
		at = m.at
	}
	path := append(slices.Clone(r.path[slices.Index(r.path, g.Name):]), g.Name)
	r.fail(at, "Cycle among groups", "A group cannot be a member of itself: %s.", joinArrow(path))
}

// ranked lists the groups by precedence, lowest first: in the order of
// definition, but a child after each of its parents.
func (b *builder) ranked() []*Group {
	parents := map[*groupDef][]*groupDef{}
	for _, def := range b.order {
		for _, c := range b.child[def] {
			parents[c] = append(parents[c], def)
		}
	}
	var out []*Group
	placed := map[*groupDef]bool{}
	var place func(def *groupDef)
	place = func(def *groupDef) {
		if placed[def] {
			return
		}
		placed[def] = true
		for _, p := range parents[def] {
			place(p)
		}
		out = append(out, b.inv.named[def.name])
	}
	for _, def := range b.order {
		place(def)
	}
	return out
}

// addProfiles gives each host the settings of its groups and of its block. Hosts
// in the same groups share them.
func (b *builder) addProfiles(groups []*Group) {
	in := make(map[*Host][]byte, len(b.inv.hosts))
	for i, g := range groups {
		for _, h := range g.Hosts {
			in[h] = binary.AppendUvarint(in[h], uint64(i))
		}
	}
	shared := map[string]*profile{}
	for _, h := range b.inv.hosts {
		key := string(in[h])
		p := shared[key]
		if p == nil {
			p = &profile{layer: b.base}
			for rest := in[h]; len(rest) > 0; {
				i, n := binary.Uvarint(rest)
				rest = rest[n:]
				p.groups = append(p.groups, groups[i])
				p.layer = p.layer.over(&groups[i].def.layer)
			}
			shared[key] = p
		}
		if h.def != nil {
			p = &profile{groups: p.groups, layer: p.layer.over(&h.def.layer)}
		}
		h.profile = p
	}
}

// checkJumps follows every way that leads over hosts of the inventory.
func (b *builder) checkJumps() {
	layers := []*layer{b.base}
	for _, def := range b.order {
		layers = append(layers, &def.layer)
	}
	for _, def := range b.byName {
		layers = append(layers, &def.layer)
	}
	for _, l := range layers {
		s := l.settings[setJump]
		if s == nil || s.value == nil {
			continue
		}
		for _, text := range s.value.([]string) {
			if err := b.inv.checkJump(text, s.foreign || b.unlisted); err != nil {
				b.fail(s.at, "Invalid jump", "%s", sentence(err.Error()))
			}
		}
	}
	looped := map[string]bool{}
	for _, h := range b.inv.hosts {
		var loop *jumpLoop
		if h.def == nil && h.layer.settings[setJump] == nil {
			continue
		}
		if _, err := b.inv.way(h); errors.As(err, &loop) && !looped[loop.path[0]] {
			b.fail(loop.at, "Jump loop", "%s Give one of them jump = null.", sentence(loop.Error()))
			for _, name := range loop.path {
				looped[name] = true
			}
		}
	}
}
