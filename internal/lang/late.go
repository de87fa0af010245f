package lang

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// hostSteps is what the expressions of one host may cost together. It is counted
// for each host; what all hosts cost together is bounded by package inventory.
const hostSteps = 20_000

// stepSteps is the same for one step of a task on one host, which may look
// through what other steps have printed.
const stepSteps = 250_000

// ForHost is a scope in which host.* is known besides what s knows, for values
// that are made for one host at a time. What is not known of the host yet, such
// as its facts before they are gathered, may be left out of the object or be
// unknown in it. The scope is cheap, and each may be used by other goroutines.
func (s *Scope) ForHost(host cty.Value) *Scope {
	out := s.With(map[string]cty.Value{"host": host})
	out.budget = newBudget(hostSteps, "one host")
	return out
}

// ForStep is a scope for the expressions of one step on one host, in which the
// given names are known at the start of references, such as host and step. It is
// cheap, and each may be used by other goroutines.
func (s *Scope) ForStep(values map[string]cty.Value) *Scope {
	out := s.With(values)
	out.budget = newBudget(stepSteps, "one step on one host")
	return out
}

// With is a scope in which further names are known at the start of references,
// besides those of s. It spends from the budget of s.
func (s *Scope) With(values map[string]cty.Value) *Scope {
	out := *s
	out.late = true
	parent := s.ctx
	if s.late { // there is one context above that of the project, however often names are added
		parent = s.ctx.Parent()
		all := make(map[string]cty.Value, len(values)+len(s.ctx.Variables))
		maps.Copy(all, s.ctx.Variables)
		maps.Copy(all, values)
		values = all
	}
	out.ctx = parent.NewChild()
	out.ctx.Variables = values
	return &out
}

// Steps is what the expressions that were evaluated in the scope have cost.
func (s *Scope) Steps() int { return s.budget.steps - int(s.budget.left.Load()) }

// RefersToHost reports whether e can be evaluated in a scope of [Scope.ForHost]
// only. Locals are made once for the project and never refer to a host.
func (s *Scope) RefersToHost(e hcl.Expression) bool {
	native, _ := nativeExpr(e)
	for _, t := range native.Variables() {
		if t.RootName() == "host" {
			return true
		}
	}
	return false
}

// HostVarsIn lists the names NAME in references to host.vars.NAME, each once.
func (s *Scope) HostVarsIn(e hcl.Expression) []string {
	native, _ := nativeExpr(e)
	var out []string
	for _, t := range native.Variables() {
		if t.RootName() != "host" || member(t) != "vars" || len(t) < 3 {
			continue
		}
		if name := member(t[1:]); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// AnyHostVar reports whether e may refer to any of host.vars: to the host or its
// variables as a whole, or by a name that is not written down.
func (s *Scope) AnyHostVar(e hcl.Expression) bool {
	native, _ := nativeExpr(e)
	for _, t := range native.Variables() {
		if t.RootName() != "host" {
			continue
		}
		switch name := member(t); {
		case name == "", name == "vars" && (len(t) < 3 || member(t[1:]) == ""):
			return true
		}
	}
	return false
}

// Roots lists the names at the start of the references in e, each once: "var",
// "host", "step". Loops that give a name to their elements hide it.
func (s *Scope) Roots(e hcl.Expression) []string {
	native, _ := nativeExpr(e)
	var out []string
	for _, t := range native.Variables() {
		if name := t.RootName(); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// AsksForHosts reports whether e calls hosts() or host(), which have answers in a
// scope of [Scope.WithFleet] only.
func (s *Scope) AsksForHosts(e hcl.Expression) bool { return s.Calls(e, "hosts") || s.Calls(e, "host") }

// Calls reports whether e calls the function name.
func (s *Scope) Calls(e hcl.Expression, name string) bool {
	native, _ := nativeExpr(e)
	found := false
	_ = hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		found = found || ok && call.Name == name
		return nil
	})
	return found
}

// NeedsFacts reports whether e may refer to host.facts. A host taken as a whole,
// or by an index that is not written down, counts as well.
func (s *Scope) NeedsFacts(e hcl.Expression) bool {
	native, _ := nativeExpr(e)
	for _, t := range native.Variables() {
		if t.RootName() == "host" && (len(t) == 1 || member(t) == "" || member(t) == "facts") {
			return true
		}
	}
	return false
}

// member is the second part of a reference: NAME of host.NAME and host["NAME"];
// "" when there is none that is written down.
func member(t hcl.Traversal) string {
	if len(t) < 2 {
		return ""
	}
	return stepName(t[1])
}
