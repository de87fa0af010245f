package lang

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// hostSteps is what the expressions of one host may cost together. It is counted
// for each host; what all hosts cost together is bounded by package inventory.
const hostSteps = 20_000

// ForHost is a scope in which host.* is known besides what s knows, for values
// that are made for one host at a time. What is not known of the host yet, such
// as its facts before they are gathered, may be left out of the object or be
// unknown in it. The scope is cheap, and each may be used by other goroutines.
func (s *Scope) ForHost(host cty.Value) *Scope {
	out := *s
	out.budget, out.late = newBudget(hostSteps, "one host"), true
	out.ctx = s.ctx.NewChild()
	out.ctx.Variables = map[string]cty.Value{"host": host}
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

// AsksForHosts reports whether e calls hosts() or host(), which have answers in a
// scope of [Scope.WithFleet] only.
func (s *Scope) AsksForHosts(e hcl.Expression) bool {
	native, _ := nativeExpr(e)
	found := false
	_ = hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		found = found || ok && (call.Name == "hosts" || call.Name == "host")
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
