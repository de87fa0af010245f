package source

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// parseAnswer reads what a command printed: Ansible's dynamic inventory, a JSON
// list of hosts, or one name a line. from names the command.
func parseAnswer(text []byte, from string) *Data {
	b := newBuilder()
	text = withoutBOM(text)
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		b.fail(Place{File: from}, "Invalid answer", "It printed nothing. Where there are no hosts, it should print [].")
	case trimmed[0] != '{' && trimmed[0] != '[' && json.Valid(trimmed): // a tool that found nothing
		b.fail(Place{File: from}, "Invalid answer", "It printed a single JSON value, %q. A list of hosts, an object of groups, or one name a line is wanted.", clean(string(bytes.TrimSpace(trimmed)), 40))
	case trimmed[0] != '{' && trimmed[0] != '[':
		b.lines(text, from)
	default:
		tree, err := parseJSON(text)
		switch {
		case err != nil:
			b.fail(Place{from, err.line}, "Invalid answer", "What it printed cannot be used: %s.", err)
		case tree.kind == listNode:
			b.rows(tree, from, TableOptions{})
		default:
			d := &dynamic{builder: b, from: from, children: map[string][]string{}, priority: map[string]int{}}
			d.read(tree)
			if b.failed() {
				break
			}
			out := b.done()
			out.MapAnsible()
			return out
		}
	}
	return b.done()
}

// lines reads one name a line; "#" begins a comment.
func (b *builder) lines(text []byte, from string) {
	if bad := invalidUTF8(text); bad >= 0 {
		b.fail(Place{from, 1 + bytes.Count(text[:bad], []byte("\n"))}, "Invalid answer", "What it printed cannot be used: it is not UTF-8.")
		return
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		name, _, _ := strings.Cut(line, "#")
		if name = strings.TrimSpace(name); name != "" {
			b.host(name, Place{from, n})
		}
		if b.full() {
			return
		}
	}
}

// dynamic reads the JSON of Ansible's dynamic inventories.
type dynamic struct {
	*builder
	from     string
	children map[string][]string
	priority map[string]int // of groups
}

func (d *dynamic) at(n *node) Place { return Place{d.from, int(n.line)} }

func (d *dynamic) read(tree *node) {
	for i := range tree.items {
		if n := &tree.items[i]; n.name != "_meta" && !d.full() {
			d.entry(n)
		}
	}
	if d.full() {
		return
	}
	if vars := tree.member("_meta").member("hostvars"); vars != nil {
		d.hostVars(vars)
	}
	d.ungrouped()
	d.order()
}

// entry reads one group.
func (d *dynamic) entry(n *node) {
	hosts, vars, children := n.member("hosts"), n.member("vars"), n.member("children")
	switch {
	case n.kind == listNode: // the short form
		hosts = n
	case n.kind != objectNode:
		d.fail(d.at(n), "Invalid group", "The group %q must be an object or a list of hosts; it is %s.", clean(n.name, 80), n.kind)
		return
	case hosts == nil && vars == nil && children == nil && len(n.items) > 0:
		// Ansible takes it for a host with its variables.
		hosts, vars = &node{kind: listNode, line: n.line, items: []node{{kind: textNode, line: n.line, text: n.name}}}, n
	}
	facets := &d.data.Common
	if n.name != "all" {
		g := d.group(n.name, d.at(n))
		if g == nil {
			return
		}
		facets = &g.Facets
	}
	d.variables(facets, d.withoutPriority(vars, n.name), n.name)
	for _, host := range d.names(hosts, n.name, "hosts") {
		if h := d.sameHost(host.text, d.at(host)); h != nil && n.name != "all" {
			d.join(n.name, host.text, d.at(host))
		}
		if d.full() {
			return
		}
	}
	for _, child := range d.names(children, n.name, "children") {
		switch {
		case n.name == "all": // of which everything is a child
			d.group(child.text, d.at(child))
		case child.text == "all":
			d.fail(d.at(child), "Cycle among groups", "The group %q cannot have \"all\" as a child.", n.name)
		case d.group(child.text, d.at(child)) != nil:
			d.children[n.name] = append(d.children[n.name], child.text)
		}
	}
}

// names are the texts of a list, each once.
func (d *dynamic) names(n *node, group, what string) []*node {
	if n == nil || n.kind == nullNode {
		return nil
	}
	if n.kind != listNode {
		d.fail(d.at(n), "Invalid group", "%s of the group %q must be a list of texts; it is %s.", what, clean(group, 80), n.kind)
		return nil
	}
	out := make([]*node, 0, len(n.items))
	seen := make(map[string]bool, len(n.items))
	for i := range n.items {
		item := &n.items[i]
		if item.kind != textNode {
			d.fail(d.at(item), "Invalid group", "%s of the group %q must be a list of texts; there is %s in it.", what, clean(group, 80), item.kind)
			return nil
		}
		if !seen[item.text] {
			seen[item.text] = true
			out = append(out, item)
		}
	}
	return out
}

// variables gives a group or a host its variables.
func (d *dynamic) variables(f *Facets, n *node, whose string) {
	if n == nil || n.kind == nullNode {
		return
	}
	if n.kind != objectNode {
		d.fail(d.at(n), "Invalid group", "The variables of %q must be an object; they are %s.", clean(whose, 80), n.kind)
		return
	}
	for i := range n.items {
		item := &n.items[i]
		f.setVar(item.name, item.value(), d.at(item))
	}
}

// withoutPriority takes the rank of a group out of its variables.
func (d *dynamic) withoutPriority(vars *node, group string) *node {
	own := vars.member("ansible_group_priority")
	if own == nil {
		return vars
	}
	p, err := strconv.Atoi(own.text)
	if err != nil {
		return vars
	}
	d.priority[group] = p
	rest := *vars
	rest.items = slices.DeleteFunc(slices.Clone(vars.items), func(n node) bool { return n.name == own.name })
	return &rest
}

func (d *dynamic) hostVars(n *node) {
	if n.kind != objectNode {
		d.fail(d.at(n), "Invalid answer", "_meta.hostvars must be an object with an object for each host; it is %s.", n.kind)
		return
	}
	for i := 0; i < len(n.items) && !d.full(); i++ {
		item := &n.items[i]
		h, ok := d.hosts[item.name]
		if !ok {
			if d.sameName(item) {
				d.skipped.add(d.at(item), "Host without a group", "_meta.hostvars has variables of hosts that no group lists, not even all; as for Ansible, such hosts are not there.", subject{host: item.name})
			}
			continue
		}
		d.variables(&d.data.Hosts[h].Facets, item, item.name)
	}
}

// sameName reports whether a name is one that could be told of.
func (d *dynamic) sameName(n *node) bool {
	problem := CheckHostName(n.name)
	if problem != "" {
		d.fail(d.at(n), "Invalid host name", "%q is no name for a host: %s.", clean(n.name, 80), problem)
	}
	return problem == ""
}

// ungrouped makes the group that Ansible has for hosts that are in no other; it
// is not there without any.
func (d *dynamic) ungrouped() {
	grouped := map[string]bool{}
	for _, g := range d.data.Groups {
		if g.Name != "ungrouped" {
			for _, h := range g.Hosts {
				grouped[h] = true
			}
		}
	}
	var alone []string
	for _, h := range d.data.Hosts {
		if !grouped[h.Name] {
			alone = append(alone, h.Name)
		}
	}
	if i, ok := d.groups["ungrouped"]; ok {
		d.data.Groups[i].Hosts = alone
		if len(alone) == 0 {
			d.data.Groups = slices.Delete(d.data.Groups, i, i+1)
		}
	} else if len(alone) > 0 {
		d.data.Groups = append(d.data.Groups, Group{Name: "ungrouped", At: Place{File: d.from}, Hosts: alone})
	}
}

// order sorts the groups by rank, as Ansible does: the deeper below all, the
// higher; then by ansible_group_priority, then by name.
func (d *dynamic) order() {
	parents := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(d.children)) {
		for _, child := range d.children[name] {
			parents[child] = append(parents[child], name)
		}
	}
	depths := map[string]int{}
	for i := range d.data.Groups {
		g := &d.data.Groups[i]
		g.Children = d.children[g.Name]
		if !d.depth(g, parents, depths) {
			return
		}
	}
	slices.SortStableFunc(d.data.Groups, func(x, y Group) int {
		return cmp.Or(
			cmp.Compare(depths[x.Name], depths[y.Name]),
			cmp.Compare(d.rank(x.Name), d.rank(y.Name)),
			cmp.Compare(x.Name, y.Name))
	})
}

func (d *dynamic) rank(group string) int {
	if p, ok := d.priority[group]; ok {
		return p
	}
	return 1 // as in Ansible
}

// maxGroupDepth bounds how deep groups may be children of groups.
const maxGroupDepth = 100

// depth finds the longest way from all to a group.
func (d *dynamic) depth(g *Group, parents map[string][]string, depths map[string]int) bool {
	path := []string{}
	tooDeep := func() bool {
		d.fail(g.At, "Groups nested too deep", "Groups may be children of groups %d deep.", maxGroupDepth)
		return false
	}
	var visit func(name string) bool
	visit = func(name string) bool {
		if _, ok := depths[name]; ok {
			return true
		}
		if slices.Contains(path, name) {
			d.fail(g.At, "Cycle among groups", "A group cannot be a child of itself: %s.", clean(strings.Join(append(path, name), " > "), 200))
			return false
		}
		if len(path) > maxGroupDepth {
			return tooDeep()
		}
		path = append(path, name)
		deepest := 0
		for _, p := range parents[name] {
			if !visit(p) {
				return false
			}
			deepest = max(deepest, depths[p])
		}
		path = path[:len(path)-1]
		depths[name] = deepest + 1
		if deepest >= maxGroupDepth {
			return tooDeep()
		}
		return true
	}
	return visit(g.Name)
}
