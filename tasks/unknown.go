package tasks

import (
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/inventory"
)

// unknownScope is what the attribute of s may refer to, with nothing of it known
// but what can be asked. The conditions of a step are its attribute
// "postcondition"; s is nil for the conditions of t itself.
func unknownScope(inv *inventory.Inventory, t *Task, s *Step, attr string) *lang.Scope {
	results := map[string]cty.Value{}
	for other := range t.allSteps() {
		results[other.Name] = unknownResult()
	}
	values := map[string]cty.Value{"host": inv.UnknownHost(), "step": cty.ObjectVal(results)}
	if s == nil {
		return inv.Scope().ForStep(values)
	}
	switch attr {
	case "changed", "failed", "postcondition":
		values["self"] = unknownResult()
	}
	if s.late.attrs["for_each"] != nil && attr != "when" && attr != "for_each" {
		values["each"] = unknownEach()
	}
	return inv.Scope().ForStep(values)
}

// unknownEach is each of an element that is not known.
func unknownEach() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"key": cty.UnknownVal(cty.String).RefineNotNull(), "value": cty.DynamicVal})
}
