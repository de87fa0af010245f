package inventory

import "fleet/internal/lang"

// A Source is a source block.
type Source struct {
	Kind, Name string
	// Place is where its block stands, as file:line.
	Place string
	// Group is the group of all its hosts, which has its name.
	Group *Group
}

// Sources are all sources in the order of definition.
func (inv *Inventory) Sources() []Source { return inv.sources }

// addStructure tells the groups which others they mention, and the inventory
// which sources it has.
func (b *builder) addStructure() {
	for _, g := range b.inv.groups {
		for _, def := range b.child[g.def] {
			g.Children = append(g.Children, b.inv.named[def.name])
		}
	}
	for _, s := range b.sources {
		b.inv.sources = append(b.inv.sources, Source{Kind: s.kind.Kind, Name: s.name, Place: lang.Place(s.at), Group: b.inv.named[s.name]})
	}
}
