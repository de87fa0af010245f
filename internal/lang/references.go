package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// checkReferences finds references to what does not exist, which hcl would
// report in terms of objects and attributes.
func (s *Scope) checkReferences(ctx *hcl.EvalContext, e hcl.Expression) hcl.Diagnostics {
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
				all = append(all, unknownRoot(t, roots(ctx)))
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

func unknownRoot(t hcl.Traversal, known []string) *hcl.Diagnostic {
	name, at := t.RootName(), t.SourceRange()
	if name == "host" {
		return &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Host not known here",
			Detail: "host is known only where a value is made for one host at a time. Variables, locals, and what " +
				"decides which hosts there are come before that.",
			Subject: &at,
		}
	}
	detail := fmt.Sprintf("There is nothing called %q here.%s", name, DidYouMean(name, "", known))
	if len(t) == 1 {
		detail += fmt.Sprintf(" A text needs quotes: %q.", name)
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Unknown reference",
		Detail:   detail,
		Subject:  &at,
	}
}
