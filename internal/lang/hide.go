package lang

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// minHidden is the length of the shortest text that is hidden: shorter ones
// would make diagnostics unreadable, and are no secrets.
const minHidden = 4

// hidden are the texts of variables, secrets and locals that diagnostics may not
// quote. It is sorted when it is needed, and at the latest before the scope is
// used by several goroutines: then it does not change any more.
type hidden struct {
	texts    []string
	unsorted bool
}

// add keeps the sensitive texts in v.
func (h *hidden) add(v cty.Value) {
	for _, text := range Reveal(v) {
		if len(text) >= minHidden {
			h.texts, h.unsorted = append(h.texts, text), true
		}
	}
}

// sort puts long texts before short ones, of which they may be made: to mask
// "pass" first would show the rest of "passphrase".
func (h *hidden) sort() {
	if !h.unsorted {
		return
	}
	slices.SortFunc(h.texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	h.texts, h.unsorted = slices.Compact(h.texts), false
}

// hide takes texts that may not be shown out of what hcl says: it names, for
// instance, a key that stands twice in a map, and shows the stack of a function
// that failed on an infinite number.
func (s *Scope) hide(diags hcl.Diagnostics) {
	if len(diags) == 0 {
		return
	}
	s.hidden.sort()
	for _, d := range diags {
		if strings.Contains(d.Detail, "panic in function implementation") {
			d.Detail = "This cannot be calculated with these values. An infinite number, such as 1e1000000000, is one reason."
		}
		for _, text := range s.hidden.texts {
			d.Detail = strings.ReplaceAll(d.Detail, text, "(sensitive value)")
		}
	}
}

// hideDerived takes out of diags what e made from sensitive values, which
// [Scope.hide] cannot know: the keys of a loop, and what is said of its variables.
// A loop over a sensitive collection goes over parts that are not marked.
func hideDerived(ctx *hcl.EvalContext, e hclsyntax.Expression, diags hcl.Diagnostics) {
	if len(diags) == 0 {
		return
	}
	sensitive := madeFromSensitive(ctx, e)
	for _, d := range diags {
		inLoop := sensitive && refersToLoop(ctx, d.Expression)
		switch {
		case d.Summary == "Duplicate object key" && (sensitive || !maybeShown(d)):
			d.Detail = "Two items have the same key in this 'for' expression. Which one is not shown, because it is made from " +
				"something sensitive. An ellipsis (...) after the value groups the items by key."
		case inLoop && (d.Summary == "Invalid function argument" || d.Summary == "Error in function call"):
			d.Detail = "The function cannot be called with this value. What is wrong with it is not shown, because it is made from something sensitive."
		}
		if inLoop {
			d.Expression, d.EvalContext = nil, nil
		}
	}
}

// maybeShown reports whether the value of the expression of d may be shown.
func maybeShown(d *hcl.Diagnostic) bool {
	if d.Expression == nil || d.EvalContext == nil {
		return false
	}
	v, diags := d.Expression.Value(d.EvalContext)
	return !diags.HasErrors() && v.IsKnown() && !v.ContainsMarked()
}

// madeFromSensitive reports whether e refers to anything that may not be shown,
// or makes it so.
func madeFromSensitive(ctx *hcl.EvalContext, e hclsyntax.Expression) bool {
	for _, t := range e.Variables() {
		v, diags := t.TraverseAbs(ctx)
		if diags.HasErrors() {
			v, _ = t[:1].TraverseAbs(ctx)
		}
		if v != cty.NilVal && v.ContainsMarked() {
			return true
		}
	}
	found := false
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		found = found || ok && call.Name == "sensitive"
		return nil
	})
	return found
}

// refersToLoop reports whether e refers to what ctx does not have: variables of
// a loop around it.
func refersToLoop(ctx *hcl.EvalContext, e hcl.Expression) bool {
	if e == nil {
		return false
	}
	return slices.ContainsFunc(e.Variables(), func(t hcl.Traversal) bool { return !defined(ctx, t.RootName()) })
}

// anySensitive reports whether a variable of the project is sensitive.
func (s *Scope) anySensitive() bool {
	for _, v := range s.vars {
		if v.sensitive {
			return true
		}
	}
	return false
}

// withoutSource keeps the source out of diags, and the values it refers to.
func withoutSource(diags hcl.Diagnostics) {
	for _, d := range diags {
		d.Extra, d.Expression, d.EvalContext = hideSource{}, nil, nil
	}
}

// conceal keeps the value of a sensitive variable out of diags: without quotes, it
// is taken for a reference, and quoted.
func conceal(diags hcl.Diagnostics) {
	withoutSource(diags)
	for _, d := range diags {
		d.Detail = "This is no valid value. It must be constant, and a text needs quotes. It is not shown, because the variable is sensitive."
	}
}

// concealFile keeps what stands in a file of values out of what hcl says of it.
func concealFile(diags hcl.Diagnostics) {
	for _, d := range diags {
		d.Detail = "The file has a mistake here. What stands there is not shown, because the project has sensitive variables."
	}
}
