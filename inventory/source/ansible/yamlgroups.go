package ansible

import (
	"go.yaml.in/yaml/v3"

	"fleet/inventory/source"
)

// yaml reads an inventory in YAML or JSON.
func (l *loader) yaml(name string, text []byte, inFolder bool) {
	root, problem := compose(name, text)
	switch {
	case problem != nil:
		l.problem(*problem)
	case root == nil:
	case root.Kind != yaml.MappingNode:
		l.fail(source.Place{File: name, Line: root.Line}, "Invalid inventory", "An inventory in YAML is a mapping of groups.")
	default:
		l.yamlInventory(name, root, inFolder)
	}
}

func (l *loader) yamlInventory(name string, root *yaml.Node, inFolder bool) {
	r := &yamlReader{loader: l, file: name}
	groups := l.pairs(name, root, 0)
	for _, e := range groups {
		if e.key == "plugin" {
			l.refuse(e.at, inFolder, "Inventory plugin", "The file configures a plugin of Ansible, which is not run here. To use what it finds: source \"exec\" with command = [\"ansible-inventory\", \"-i\", ..., \"--list\"].")
			return
		}
	}
	for _, e := range groups {
		r.group(e, 0)
	}
}

// A yamlReader reads the groups of one file.
type yamlReader struct {
	*loader
	file string
}

// group reads a group, and those below it.
func (r *yamlReader) group(e pair, depth int) (int32, bool) {
	if r.stopped() {
		return 0, false
	}
	if depth > maxNesting {
		r.fail(e.at, "Nesting too deep", "Groups may nest %d deep.", maxNesting)
		return 0, false
	}
	body := follow(e.value)
	entries, ok := r.entries(body, depth)
	switch {
	case !e.text:
		r.fail(e.at, "Invalid group name", "%q is not a text. Put it into quotes.", shorten(e.key))
		return 0, false
	case !ok:
		r.fail(e.at, "Invalid inventory", "The group %q is no mapping with hosts, vars or children.", shorten(e.key))
		return 0, false
	case !r.groupName(e.key, e.at):
		return 0, false
	}
	g := r.model.group(e.key, e.at)
	for _, s := range entries {
		r.section(g, e.key, s, depth)
	}
	return g, true
}

// section reads one of the mappings in a group.
func (r *yamlReader) section(g int32, name string, s pair, depth int) {
	switch s.key {
	case "vars", "children", "hosts":
	default:
		r.warn(s.at, "Unknown key", "%q is not used: a group has \"hosts\", \"vars\" and \"children\".", shorten(s.key))
		return
	}
	body := follow(s.value)
	entries, ok := r.entries(body, depth)
	if !ok && body.Kind == yaml.ScalarNode && body.Value != "" { // the name of one
		entries, ok = []pair{{key: body.Value, text: true, at: s.at, value: &yaml.Node{Kind: yaml.ScalarNode}}}, true
	}
	if !ok {
		r.fail(s.at, "Invalid inventory", "%q of the group %q has to be a mapping.", shorten(s.key), name)
		return
	}
	switch s.key {
	case "vars":
		r.vars(g, entries)
	case "children":
		for _, c := range entries {
			if child, ok := r.group(c, depth+1); ok {
				r.addChild(g, child, c.at)
			}
		}
	case "hosts":
		for _, h := range entries {
			r.hosts(g, h)
		}
	}
}

// entries lists the entries of a mapping. Nothing at all is an empty one.
func (r *yamlReader) entries(n *yaml.Node, depth int) ([]pair, bool) {
	switch n.Kind {
	case yaml.MappingNode:
		return r.pairs(r.file, n, depth), true
	case yaml.ScalarNode:
		v, ok := r.resolver.scalar(n)
		return nil, ok && v.IsNull()
	}
	return nil, false
}

func (r *yamlReader) vars(g int32, entries []pair) {
	for _, e := range entries {
		v, ok := r.value(r.file, e.value, 1)
		if !ok {
			continue
		}
		if e.key == "ansible_group_priority" {
			n, ok := wholeNumber(v)
			if !ok {
				r.fail(e.at, "Invalid inventory", "ansible_group_priority must be a whole number.")
				continue
			}
			r.model.groups[g].priority = n
			continue
		}
		r.model.groups[g].setVar(e.key, source.Value{Value: v, At: e.at})
	}
}

func (r *yamlReader) hosts(g int32, e pair) {
	if !e.text {
		r.fail(e.at, "Invalid host name", "%q is not a text. Put it into quotes.", shorten(e.key))
		return
	}
	entries, ok := r.entries(follow(e.value), 0)
	if !ok {
		r.fail(e.at, "Invalid inventory", "%q has to be a mapping of variables, or nothing.", shorten(e.key))
		return
	}
	r.addHosts(e.key, g, e.at, r.variables(r.file, entries))
}
