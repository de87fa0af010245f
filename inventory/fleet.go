package inventory

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/internal/nodeset"
)

// Scope is what expressions about the whole inventory are evaluated in.
func (inv *Inventory) Scope() *lang.Scope { return inv.scope }

// Diagnose tells what was found in expressions that were evaluated in the scope
// of the inventory.
func (inv *Inventory) Diagnose(diags hcl.Diagnostics) lang.Diagnostics {
	return inv.project.Diagnostics(diags)
}

// hostFunctions answer hosts() and host(). Of another host the variables that are
// made for each host are left out: they could ask for this one in turn.
type hostFunctions struct{ *Revealed }

var _ lang.Fleet = hostFunctions{}

// Hosts implements lang.Fleet.
func (f hostFunctions) Hosts(pattern string) ([]string, error) {
	names, err := f.inv.eval(pattern)
	if err != nil {
		return nil, err
	}
	names = slices.Clone(names)
	slices.SortFunc(names, nodeset.Compare)
	return slices.Compact(names), nil
}

// Host implements lang.Fleet.
func (f hostFunctions) Host(name string) (cty.Value, error) {
	h, ok := f.inv.Lookup(name)
	if !ok {
		return cty.DynamicVal, fmt.Errorf("no host %q in the inventory%s", name, lang.DidYouMean(name, "", f.inv.names()))
	}
	return h.object(cty.NullVal(cty.Number), unknownFacts(), f.vars(h)), nil
}

// names are those of all hosts.
func (inv *Inventory) names() []string {
	out := make([]string, len(inv.hosts))
	for i, h := range inv.hosts {
		out[i] = h.Name
	}
	return out
}
