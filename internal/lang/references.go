package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// checkReferences finds references to what does not exist, which hcl would
// report in terms of objects and attributes.
func (s *Scope) checkReferences(ctx *hcl.EvalContext, e hclsyntax.Expression) hcl.Diagnostics {
	var all hcl.Diagnostics
	for _, t := range e.Variables() {
		root := t.RootName()
		switch root {
		case "var":
			all = append(all, checkMember(t, "variable", s.vars)...)
		case "local":
			all = append(all, checkMember(t, "local value", s.locals.attrs)...)
		case "secret":
			all = append(all, checkMember(t, "secret", s.secrets)...)
		default:
			if !defined(ctx, root) {
				all = append(all, unknownRoot(t, roots(ctx), isInserted(e, t)))
			}
		}
	}
	return all
}

// checkMember checks a reference of the form var.NAME.
func checkMember[T any](t hcl.Traversal, kind string, known map[string]T) hcl.Diagnostics {
	at := t.SourceRange()
	if len(t) < 2 {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Incomplete reference",
			Detail:   fmt.Sprintf("%q alone is no value; write %s.NAME.", t.RootName(), t.RootName()),
			Subject:  &at,
		}}
	}
	step, ok := t[1].(hcl.TraverseAttr)
	if !ok {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Incomplete reference",
			Detail:   fmt.Sprintf("The name of a %s must stand in the file itself: %s.NAME.", kind, t.RootName()),
			Subject:  &at,
		}}
	}
	if _, declared := known[step.Name]; declared {
		return nil
	}
	names := slices.Collect(maps.Keys(known))
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "Unknown " + kind,
		Detail:   fmt.Sprintf("There is no %s %q.%s", kind, step.Name, DidYouMean(step.Name, t.RootName()+".", names)),
		Subject:  &at,
	}}
}

func defined(ctx *hcl.EvalContext, name string) bool {
	for ; ctx != nil; ctx = ctx.Parent() {
		if _, ok := ctx.Variables[name]; ok {
			return true
		}
	}
	return false
}

func roots(ctx *hcl.EvalContext) []string {
	var out []string
	for ; ctx != nil; ctx = ctx.Parent() {
		for name := range ctx.Variables {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// checkCalls finds calls of functions that do not exist, also where they would
// not be evaluated: in try, and on the other side of a condition.
func checkCalls[F any](e hclsyntax.Expression, known map[string]F) hcl.Diagnostics {
	return hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok {
			return nil
		}
		if _, ok := known[call.Name]; ok {
			return nil
		}
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Unknown function",
			Detail:   fmt.Sprintf("There is no function %q.%s", call.Name, DidYouMean(call.Name, "", slices.Collect(maps.Keys(known)))),
			Subject:  &call.NameRange,
		}}
	})
}

// isInserted reports whether ref stands alone between ${ and } in a text.
func isInserted(e hclsyntax.Expression, ref hcl.Traversal) bool {
	found := false
	look := func(part hclsyntax.Expression) {
		inner, ok := hcl.UnwrapExpression(part).(*hclsyntax.ScopeTraversalExpr)
		found = found || ok && inner.SrcRange == ref.SourceRange()
	}
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.TemplateWrapExpr:
			look(n.Wrapped)
		case *hclsyntax.TemplateExpr:
			for _, part := range n.Parts {
				look(part)
			}
		}
		return nil
	})
	return found
}

func unknownRoot(t hcl.Traversal, known []string, inserted bool) *hcl.Diagnostic {
	name, at := t.RootName(), t.SourceRange()
	if summary, detail := knownElsewhere(name); summary != "" {
		return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}
	}
	detail := fmt.Sprintf("There is nothing called %q here.%s", name, DidYouMean(name, "", known))
	switch {
	case len(t) == 1 && inserted:
		detail += fmt.Sprintf(" If it is a variable of the shell, write $${%s}: HCL reads ${...} itself, and makes ${...} of $${...}.", name)
	case len(t) == 1:
		detail += fmt.Sprintf(" A text needs quotes: %q.", name)
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Unknown reference",
		Detail:   detail,
		Subject:  &at,
	}
}

// knownElsewhere is what to say of a name that is known in other places; empty
// where it is known nowhere.
func knownElsewhere(name string) (summary, detail string) {
	switch name {
	case "host":
		return "Host not known here", "host is known only where a value is made for one host at a time. Variables, locals, and what " +
			"decides which hosts there are come before that."
	case "step":
		return "Results not known here", "step.NAME is the result of a step on a host. It is known only in the steps of the same task, " +
			"and in the conditions after them."
	case "each":
		return "Element not known here", "each.key and each.value are known only in a step with for_each, and neither in its when nor in for_each itself, " +
			"which come first."
	case "self":
		return "Own result not known here", "self is the result of the step that it stands in. It is known only when the step has run: " +
			"in changed, failed and the postconditions of the step."
	}
	return "", ""
}

// suggestMembers adds names to what hcl says about an attribute or a key that
// is not there.
func suggestMembers(diags hcl.Diagnostics) {
	for _, d := range diags {
		if d.Expression == nil || d.EvalContext == nil {
			continue
		}
		e, ok := hcl.UnwrapExpression(d.Expression).(*hclsyntax.ScopeTraversalExpr)
		if !ok || len(e.Traversal) < 2 {
			continue
		}
		v, more := e.Traversal[:1].TraverseAbs(d.EvalContext)
		for _, step := range e.Traversal[1:] {
			if more.HasErrors() {
				break
			}
			of := v
			if v, more = (hcl.Traversal{step}).TraverseRel(v); more.HasErrors() {
				d.Detail += suggestMember(stepName(step), membersOf(of))
			}
		}
	}
}

// maxMembers bounds how many names are listed where none is near.
const maxMembers = 12

func suggestMember(name string, known []string) string {
	switch near := DidYouMean(name, "", known); {
	case name == "" || len(known) == 0:
		return ""
	case near != "":
		return near
	case len(known) <= maxMembers:
		return fmt.Sprintf(" There is %s.", shorten(strings.Join(known, ", "), 200))
	}
	return ""
}

func stepName(step hcl.Traverser) string {
	switch step := step.(type) {
	case hcl.TraverseAttr:
		return step.Name
	case hcl.TraverseIndex:
		return text(step.Key)
	}
	return ""
}

// membersOf lists the attributes of an object, or the keys of a map that may be
// shown.
func membersOf(v cty.Value) []string {
	switch ty := v.Type(); {
	case ty.IsObjectType():
		return slices.Sorted(maps.Keys(ty.AttributeTypes()))
	case ty.IsMapType() && !v.IsMarked() && v.IsKnown() && !v.IsNull() && v.LengthInt() < maxTokens:
		return slices.Sorted(maps.Keys(v.AsValueMap()))
	}
	return nil
}
