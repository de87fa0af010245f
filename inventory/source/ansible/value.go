package ansible

import (
	"github.com/zclconf/go-cty/cty"
	"go.yaml.in/yaml/v3"

	"fleet/inventory/source"
)

// A pair is an entry of a mapping.
type pair struct {
	key   string
	text  bool // the key is a text, not a number or the like
	at    source.Place
	value *yaml.Node
}

// follow resolves an alias. One of an alias, or of what holds it, is no cycle
// yet: walking into it is what the bound of the nesting ends.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// spend takes one off the values that may come.
func (l *loader) spend(at source.Place) bool {
	if l.values < 0 || l.aliased < 0 {
		return false
	}
	l.values--
	if l.aliases > 0 {
		l.aliased--
	}
	if l.values < 0 || l.aliased < 0 {
		l.tooManyValues(at)
		return false
	}
	return true
}

// pairs lists the entries of a mapping: merged ones (<<) below its own, and of
// two with one key the last.
func (l *loader) pairs(file string, n *yaml.Node, depth int) []pair {
	p := &pairReader{loader: l, file: file, index: map[string]int{}}
	p.mapping(n, depth, true)
	return p.list
}

type pairReader struct {
	*loader
	file  string
	list  []pair
	index map[string]int
}

func (p *pairReader) place(n *yaml.Node) source.Place {
	return source.Place{File: p.file, Line: n.Line}
}

func (p *pairReader) mapping(n *yaml.Node, depth int, own bool) {
	if depth > maxNesting {
		p.fail(p.place(n), "Nesting too deep", "Values may nest %d deep.", maxNesting)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			p.merge(n.Content[i+1], depth)
		}
	}
	said := map[string]bool{}
	for i := 0; i+1 < len(n.Content) && !p.stopped(); i += 2 {
		key := n.Content[i]
		if isMerge(key) {
			continue
		}
		at := p.place(key)
		if !p.spend(at) {
			return
		}
		key = follow(key)
		v, ok := cty.NilVal, false
		if key.Kind == yaml.ScalarNode {
			v, ok = p.resolver.scalar(key)
		}
		if !ok {
			p.fail(at, "Invalid YAML", "A key has to be a text or a number.")
			continue
		}
		text, _ := keyText(v)
		if said[text] && own {
			p.warn(at, "Duplicate key", "%q stands in this mapping more than once. The last one counts.", shorten(text))
		}
		said[text] = true
		p.put(pair{key: text, text: !v.IsNull() && v.Type() == cty.String, at: at, value: n.Content[i+1]})
	}
}

func (p *pairReader) put(e pair) {
	if i, ok := p.index[e.key]; ok {
		p.list[i] = e
		return
	}
	p.index[e.key] = len(p.list)
	p.list = append(p.list, e)
}

// isMerge reports whether a key is that of a merge.
func isMerge(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && n.Value == "<<"
}

// merge takes in the entries of other mappings, of which the first counts.
func (p *pairReader) merge(n *yaml.Node, depth int) {
	p.aliases++
	defer func() { p.aliases-- }()
	switch n = follow(n); n.Kind {
	case yaml.MappingNode:
		p.mapping(n, depth+1, false)
	case yaml.SequenceNode:
		for i := len(n.Content) - 1; i >= 0 && !p.stopped() && p.spend(p.place(n)); i-- {
			if m := follow(n.Content[i]); m.Kind == yaml.MappingNode {
				p.mapping(m, depth+1, false)
			} else {
				p.fail(p.place(m), "Invalid YAML", "Only mappings can be merged by \"<<\".")
			}
		}
	default:
		p.fail(p.place(n), "Invalid YAML", "Only mappings can be merged by \"<<\".")
	}
}

// value makes a value of a node. It is false where there is none: after an
// error, and for what a vault holds.
func (l *loader) value(file string, n *yaml.Node, depth int) (cty.Value, bool) {
	at := source.Place{File: file, Line: n.Line}
	if n.Kind == yaml.AliasNode {
		n = follow(n)
		l.aliases++
		defer func() { l.aliases-- }()
	}
	if depth > maxNesting {
		l.fail(at, "Nesting too deep", "Values may nest %d deep.", maxNesting)
		return cty.NilVal, false
	}
	if l.stopped() || !l.spend(at) {
		return cty.NilVal, false
	}
	if n.Tag == "!vault" || n.Tag == "!vault-encrypted" {
		l.inVault(at)
		return cty.NilVal, false
	}
	switch n.Kind {
	case yaml.MappingNode:
		if plainTag(n, "!!map") {
			return l.object(file, n, depth)
		}
	case yaml.SequenceNode:
		if plainTag(n, "!!seq") {
			list := make([]cty.Value, 0, len(n.Content))
			for _, c := range n.Content {
				if v, ok := l.value(file, c, depth+1); ok {
					list = append(list, v)
				}
			}
			return cty.TupleVal(list), true
		}
	default:
		if v, ok := l.resolver.scalar(n); ok {
			return v, true
		}
	}
	l.fail(at, "Invalid YAML", "The value does not fit its tag %q, or the tag means nothing to an inventory.", shorten(n.Tag))
	return cty.NilVal, false
}

func plainTag(n *yaml.Node, tag string) bool {
	return n.Style&yaml.TaggedStyle == 0 || n.Tag == tag || n.Tag == "!unsafe"
}

func (l *loader) object(file string, n *yaml.Node, depth int) (cty.Value, bool) {
	list := l.pairs(file, n, depth)
	if len(list) == 1 { // how values are written in JSON that tags mark in YAML
		switch list[0].key {
		case "__ansible_vault":
			l.inVault(list[0].at)
			return cty.NilVal, false
		case "__ansible_unsafe":
			return l.value(file, list[0].value, depth+1)
		}
	}
	attrs := make(map[string]cty.Value, len(list))
	for _, e := range list {
		if v, ok := l.value(file, e.value, depth+1); ok {
			attrs[e.key] = v
		}
	}
	return cty.ObjectVal(attrs), true
}

func (l *loader) inVault(at source.Place) {
	l.warn(at, "Value kept in a vault", "It is encrypted by ansible-vault and left out. A secret block can take its place: secret \"name\" { exec = [\"ansible-vault\", \"view\", ...] }.")
}

// variables makes variables of the entries of a mapping.
func (l *loader) variables(file string, entries []pair) []variable {
	var out []variable
	for _, e := range entries {
		if v, ok := l.value(file, e.value, 1); ok {
			out = append(out, variable{e.key, source.Value{Value: v, At: e.at}})
		}
	}
	return out
}
