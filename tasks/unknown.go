package tasks

import (
	"github.com/zclconf/go-cty/cty"
)

// unknownSteps bounds what the expressions of all tasks may cost together when
// they are evaluated with nothing known. What is over that is left to the plan.
const unknownSteps = 1_000_000

// tryOut evaluates an expression with nothing known but what can be asked, and
// tells what is wrong with it for every host. Plans do not come to those of steps
// that have nothing to do.
func (t *taskDraft) tryOut(u usage) {
	if t.spent > unknownSteps {
		return
	}
	values := map[string]cty.Value{"host": t.inv.UnknownHost()}
	if u.step {
		values["step"] = t.unknownResults()
	}
	if u.self {
		values["self"] = unknownResult(u.from.Step)
	}
	if u.each {
		values["each"] = unknownEach()
	}
	scope := t.scope.ForStep(values)
	_, diags := scope.Eval(u.expr, cty.DynamicPseudoType)
	t.spent += scope.Steps()
	t.add(diags)
}

// unknownResults is what step stands for where no step has run.
func (t *taskDraft) unknownResults() cty.Value {
	if t.results == cty.NilVal {
		results := make(map[string]cty.Value, len(t.byName))
		for name, s := range t.byName {
			results[name] = unknownResult(s.Step)
		}
		t.results = cty.ObjectVal(results)
	}
	return t.results
}

// unknownEach is each of an element that is not known.
func unknownEach() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"key": cty.UnknownVal(cty.String).RefineNotNull(), "value": cty.DynamicVal})
}
