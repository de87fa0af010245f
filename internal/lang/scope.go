package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A Scope is what expressions can refer to: var.*, local.* and the functions.
type Scope struct {
	project *Project
	ctx     *hcl.EvalContext
	budget  *budget
	vars    map[string]*variable
	locals  map[string]*hcl.Attribute
}

// NewScope gives the declared variables their values and evaluates the locals.
// The scope is never nil; what could not be evaluated is unknown in it, and
// causes no further diagnostics.
func (p *Project) NewScope(in Inputs) (*Scope, hcl.Diagnostics) {
	return p.newScope(in, maxSteps+p.size)
}

func (p *Project) newScope(in Inputs, steps int) (*Scope, hcl.Diagnostics) {
	s := &Scope{
		project: p,
		vars:    map[string]*variable{},
		locals:  map[string]*hcl.Attribute{},
		budget:  newBudget(steps),
	}
	s.ctx = &hcl.EvalContext{
		Functions: functions(s.budget),
		Variables: map[string]cty.Value{
			budgetName: s.budget.value(),
			"var":      cty.EmptyObjectVal,
			"local":    cty.EmptyObjectVal,
		},
	}
	all := s.declareVariables()
	all = append(all, s.declareLocals()...)
	all = append(all, s.assign(in)...)
	all = append(all, s.evalLocals()...)
	return s, append(all, s.validate()...)
}

// Eval evaluates e and converts the result to want; cty.DynamicPseudoType takes
// it as it is. With errors the value is unknown.
func (s *Scope) Eval(e hcl.Expression, want cty.Type) (cty.Value, hcl.Diagnostics) {
	return s.eval(s.ctx, e, want)
}

func (s *Scope) eval(ctx *hcl.EvalContext, e hcl.Expression, want cty.Type) (v cty.Value, diags hcl.Diagnostics) {
	defer func() {
		if r := recover(); r != nil {
			v, diags = cty.UnknownVal(want), hcl.Diagnostics{{
				Severity: hcl.DiagError,
				Summary:  "Cannot evaluate expression",
				Detail:   fmt.Sprintf("This is a mistake in fleet, please report it: %v.", r),
				Subject:  e.Range().Ptr(),
			}}
		}
	}()
	if s.budget.spent() {
		return cty.UnknownVal(want), nil // said already, where it happened
	}
	native, diags := nativeExpr(e)
	if diags.HasErrors() {
		return cty.UnknownVal(want), diags
	}
	if d := s.checkReferences(ctx, native); d.HasErrors() {
		return cty.UnknownVal(want), append(diags, d...)
	}
	// A child, because hcl keeps state by context while it evaluates a splat.
	child := ctx.NewChild()
	child.Variables = map[string]cty.Value{}
	v, more := native.Value(child)
	s.suggestFunctions(more)
	diags = append(diags, more...)
	if more.HasErrors() {
		return cty.UnknownVal(want), diags
	}
	if !s.budget.payFor(v) {
		return cty.UnknownVal(want), append(diags, overBudget(e.Range()))
	}
	out, err := convert.Convert(v, want)
	if err != nil {
		return cty.UnknownVal(want), append(diags, &hcl.Diagnostic{
			Severity:    hcl.DiagError,
			Summary:     "Incorrect type",
			Detail:      fmt.Sprintf("This must be %s: %s.", article(want.FriendlyName()), err),
			Subject:     e.Range().Ptr(),
			Expression:  native,
			EvalContext: child,
		})
	}
	return out, diags
}

// suggestFunctions adds a name to what hcl says about an unknown function.
func (s *Scope) suggestFunctions(diags hcl.Diagnostics) {
	for _, d := range diags {
		unknown, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallUnknownDiagExtra](d)
		if ok && !strings.Contains(d.Detail, "Did you mean") {
			d.Detail += DidYouMean(unknown.CalledFunctionName(), "", slices.Collect(maps.Keys(s.ctx.Functions)))
		}
	}
}

func article(noun string) string {
	switch noun[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + noun
	}
	return "a " + noun
}

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
			all = append(all, checkMember(t, "local value", s.locals)...)
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
			return name != budgetName
		}
	}
	return false
}

func roots(ctx *hcl.EvalContext) []string {
	var out []string
	for ; ctx != nil; ctx = ctx.Parent() {
		for name := range ctx.Variables {
			if name != budgetName {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func unknownRoot(t hcl.Traversal, known []string) *hcl.Diagnostic {
	name, at := t.RootName(), t.SourceRange()
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
