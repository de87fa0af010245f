package source

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// TableOptions say where a list of hosts is and what its columns mean.
type TableOptions struct {
	// Path is the file.
	Path string
	// Name, Address and Groups name the columns that hold these. In JSON they
	// may be paths, as in "network.0.address". Default: "name", "address" and
	// "groups".
	Name, Address, Groups string
	// Labels are columns that become labels; the others become variables.
	Labels []string
}

func (o TableOptions) withDefaults() TableOptions {
	o.Name = cmp.Or(o.Name, "name")
	o.Address = cmp.Or(o.Address, "address")
	o.Groups = cmp.Or(o.Groups, "groups")
	return o
}

// rows reads JSON rows: a list of objects or of names, or an object with an
// object for each name.
func (b *builder) rows(n *node, file string, o TableOptions) {
	o = o.withDefaults()
	switch n.kind {
	case listNode:
		for i := range n.items {
			if b.row(&n.items[i], file, o, ""); b.full() {
				return
			}
		}
	case objectNode:
		for i := range n.items {
			if b.row(&n.items[i], file, o, n.items[i].name); b.full() {
				return
			}
		}
	default:
		b.fail(Place{file, int(n.line)}, "Invalid list of hosts", "It must be a list of hosts, or an object with an object for each host; it is %s.", n.kind)
	}
}

// row adds the host of one row. Its name may be known from outside.
func (b *builder) row(n *node, file string, o TableOptions, name string) {
	at := Place{file, int(n.line)}
	if n.kind == textNode && name == "" {
		b.host(n.text, at)
		return
	}
	if n.kind != objectNode {
		b.fail(at, "Invalid host", "A host must be an object, or a name in a list; this is %s.", n.kind)
		return
	}
	if own := n.find(o.Name); own != nil {
		text, ok := own.scalar()
		if !ok {
			b.fail(at, "Invalid host", "%q must be a text; it is %s.", o.Name, own.kind)
			return
		}
		name = text
	} else if name == "" {
		b.fail(at, "Invalid host", "The host has no %q. The option name says which attribute holds the name.", o.Name)
		return
	}
	h := b.host(name, at)
	if h == nil {
		return
	}
	b.address(h, n.find(o.Address), file)
	b.columns(h, n, file, o)
	b.memberships(name, n.find(o.Groups), file)
}

func (b *builder) address(h *Host, n *node, file string) {
	if n == nil || n.kind == nullNode {
		return
	}
	at := Place{file, int(n.line)}
	if text, ok := n.scalar(); !ok {
		b.fail(at, "Invalid host", "The address of %q must be a text; it is %s.", h.Name, n.kind)
	} else if text != "" {
		h.setSetting("address", text, at)
	}
}

// columns takes labels and variables.
func (b *builder) columns(h *Host, n *node, file string, o TableOptions) {
	for i := range n.items {
		item := &n.items[i]
		switch name := item.name; {
		case slices.Contains(o.Labels, name):
			b.label(h, item, file)
		case name == o.Name || name == o.Address || name == o.Groups:
		case name == "labels" && item.kind == objectNode:
			for i := range item.items {
				b.label(h, &item.items[i], file)
			}
		case name == "vars" && item.kind == objectNode:
			// last, because they win
		default:
			h.setVar(name, item.value(), Place{file, int(item.line)})
		}
	}
	if vars := n.member("vars"); vars != nil && vars.kind == objectNode {
		for i := range vars.items {
			item := &vars.items[i]
			h.setVar(item.name, item.value(), Place{file, int(item.line)})
		}
	}
}

func (b *builder) label(h *Host, n *node, file string) {
	at := Place{file, int(n.line)}
	text, ok := n.scalar()
	switch {
	case n.kind == nullNode:
	case !ok:
		b.fail(at, "Invalid label", "The label %q of %q must be a text; it is %s.", clean(n.name, 80), h.Name, n.kind)
	default:
		b.setLabel(h, n.name, text, at)
	}
}

func (b *builder) setLabel(h *Host, name, text string, at Place) {
	if !ValidLabelName(name) {
		b.fail(at, "Invalid label", "%q is no name for a label: letters, digits, and any of _ . - / after the first.", clean(name, 80))
		return
	}
	h.setLabel(name, text, at)
}

// memberships puts a host into groups: a list, or a text with separators.
func (b *builder) memberships(host string, n *node, file string) {
	if n == nil || n.kind == nullNode {
		return
	}
	at := Place{file, int(n.line)}
	var names []string
	switch n.kind {
	case listNode:
		for i := range n.items {
			if n.items[i].kind != textNode {
				b.fail(at, "Invalid host", "The groups of %q must be texts.", host)
				return
			}
			names = append(names, n.items[i].text)
		}
	case textNode:
		names = splitGroups(n.text)
	default:
		b.fail(at, "Invalid host", "The groups of %q must be a list or a text; they are %s.", host, n.kind)
	}
	b.joinAll(host, names, at)
}

func (b *builder) joinAll(host string, names []string, at Place) {
	slices.Sort(names)
	for _, g := range slices.Compact(names) {
		b.join(g, host, at)
	}
}

// splitGroups takes a list of groups in one text apart.
func splitGroups(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ',' || r == ' ' || r == '\t' })
}

// cell adds the value of one column of a text table.
func (b *builder) cell(h *Host, column, text string, o TableOptions, at Place) {
	switch {
	case column == o.Name || column == o.Groups:
	case slices.Contains(o.Labels, column):
		if text != "" {
			b.setLabel(h, column, text, at)
		}
	case column == o.Address:
		if text != "" {
			h.setSetting("address", text, at)
		}
	default:
		h.setVar(column, cty.StringVal(text), at)
	}
}
