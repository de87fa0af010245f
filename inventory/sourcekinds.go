package inventory

import (
	"context"

	"fleet/internal/lang"
	"fleet/inventory/source"
)

// sourceKinds are the kinds of sources there are.
func sourceKinds() []*sourceKind {
	return nil
}

func sourceDefs() []*lang.BlockDef {
	var out []*lang.BlockDef
	for _, k := range sourceKinds() {
		out = append(out, k.BlockDef)
	}
	return out
}

// newKind makes the definition of a kind whose attributes are specs.
func newKind(kind, doc, example string, specs []spec, read func(context.Context, *Options, *arguments) *source.Data) *sourceKind {
	return &sourceKind{
		BlockDef: &lang.BlockDef{
			Type: "source", Kind: kind, Labels: []string{"name"}, Many: true,
			Doc: doc, Attrs: attrs(specs), Example: example,
		},
		specs: specs, read: read,
	}
}
