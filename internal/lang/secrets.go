package lang

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// secretObject is what `secret` stands for: all declared secrets, unknown where
// values has none, and sensitive in any case.
func secretObject(declared map[string]bool, values map[string]string) cty.Value {
	out := make(map[string]cty.Value, len(declared))
	for name := range declared {
		v := cty.UnknownVal(cty.String).RefineNotNull()
		if text, ok := values[name]; ok {
			v = cty.StringVal(text)
		}
		out[name] = v.Mark(Sensitive)
	}
	return cty.ObjectVal(out)
}

// SecretsIn lists the declared secrets that the value of e is made from, also by
// way of locals, sorted. It is how a caller knows what to resolve before
// [Scope.WithSecrets]; an expression that needs none is known as it is.
func (s *Scope) SecretsIn(e hcl.Expression) []string {
	native, _ := nativeExpr(e)
	found := s.membersIn(native, "secret")
	locals := s.membersIn(native, "local")
	seen := map[string]bool{}
	for i := 0; i < len(locals); i++ {
		name := locals[i]
		if s.locals.late[name] && !seen[name] {
			seen[name] = true
			found = append(found, s.locals.secrets[name]...)
			locals = append(locals, s.locals.needs[name]...)
		}
	}
	found = slices.DeleteFunc(found, func(name string) bool { return !s.secrets[name] })
	slices.Sort(found)
	return slices.Compact(found)
}

// SecretAlone is the name of the secret that e is, and nothing else; "" where e
// is something else.
func SecretAlone(e hcl.Expression) string {
	native, _ := nativeExpr(e)
	for {
		switch inner := native.(type) {
		case *guarded:
			native = inner.Expression
		case *hclsyntax.ParenthesesExpr:
			native = inner.Expression
		case *hclsyntax.TemplateWrapExpr: // "${secret.name}"
			native = inner.Wrapped
		default:
			t, diags := hcl.AbsTraversalForExpr(native)
			if diags.HasErrors() || len(t) != 2 || t.RootName() != "secret" {
				return ""
			}
			return member(t)
		}
	}
}

// WithSecrets is a scope in which the given secrets are known, besides those
// that are known in s. The locals made from them are evaluated again, so that it
// is better called before [Scope.ForHost] than for each host.
func (s *Scope) WithSecrets(values map[string]string) (*Scope, hcl.Diagnostics) {
	if s.late {
		project := *s
		project.ctx, project.late = s.ctx.Parent(), false
		out, diags := project.WithSecrets(values)
		late := out.With(s.ctx.Variables)
		late.budget = newBudget(s.budget.steps, s.budget.whose)
		return late, diags
	}
	known := maps.Clone(s.known)
	if known == nil {
		known = map[string]string{}
	}
	maps.Copy(known, values)
	out := *s
	out.known = known
	out.budget = newBudget(maxSteps+s.project.size, "a project")
	out.ctx = &hcl.EvalContext{Variables: maps.Clone(s.ctx.Variables)}
	out.ctx.Variables["secret"] = secretObject(s.secrets, known)
	out.hidden = hidden{texts: slices.Clone(s.hidden.texts)}
	out.hidden.add(out.ctx.Variables["secret"])
	before := s.ctx.Variables["local"].AsValueMap()
	return &out, out.evalInOrder(before, func(name string) bool { return s.locals.late[name] })
}

// Revealed lists the texts known in the scope that may not be shown: of
// sensitive variables, secrets, locals, and the host.
func (s *Scope) Revealed() []string {
	var out []string
	for _, name := range []string{"var", "secret", "local", "host"} {
		out = append(out, Reveal(s.value(name))...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Sensitive reports whether name is a variable whose value may not be shown.
func (s *Scope) Sensitive(name string) bool {
	v := s.vars[name]
	return v != nil && v.sensitive
}

// Secret is the text of a secret that is known in the scope, to the byte: values
// in expressions have one form of Unicode.
func (s *Scope) Secret(name string) (text string, known bool) {
	text, known = s.known[name]
	return text, known
}

// RevealIn lists the texts known in the scope that may not be shown and that e is
// made from: given are sensitive values before e does something with them, made
// is what the parts of templates and the arguments of functions make of them.
func (s *Scope) RevealIn(e hcl.Expression) (given, made []string) {
	native, _ := nativeExpr(e)
	var out []string
	for _, t := range native.Variables() {
		if !defined(s.ctx, t.RootName()) {
			continue // the variable of a loop
		}
		v, diags := t.TraverseAbs(s.ctx)
		if diags.HasErrors() {
			v = s.value(t.RootName())
		}
		out = append(out, Reveal(v)...)
	}
	for _, name := range s.SecretsIn(e) {
		if text, ok := s.known[name]; ok {
			out = append(out, text)
		}
	}
	if s.Calls(e, "host") { // nobody knows before which one is meant
		out = append(out, slices.Collect(maps.Values(s.known))...)
	}
	made = s.revealParts(native, nil)
	slices.Sort(out)
	slices.Sort(made)
	return slices.Compact(out), slices.Compact(made)
}

// revealParts adds what the parts of e are, where they are sensitive. Loops are
// left out: their parts have no value outside of them.
func (s *Scope) revealParts(e hclsyntax.Expression, out []string) []string {
	for _, part := range partsOf(e) {
		switch part := part.(type) {
		case *hclsyntax.LiteralValueExpr, *hclsyntax.ScopeTraversalExpr:
			continue
		default:
			if v, diags := s.eval(s.ctx, part, cty.DynamicPseudoType); !diags.HasErrors() {
				out = append(out, Reveal(v)...)
			}
			out = s.revealParts(part, out)
		}
	}
	return out
}

// partsOf are the expressions from which e takes its parts.
func partsOf(e hclsyntax.Expression) []hclsyntax.Expression {
	switch e := e.(type) {
	case *guarded:
		return partsOf(e.Expression)
	case *hclsyntax.ParenthesesExpr:
		return partsOf(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return partsOf(e.Wrapped)
	case *hclsyntax.TemplateExpr:
		return e.Parts
	case *hclsyntax.FunctionCallExpr:
		return e.Args
	case *hclsyntax.TupleConsExpr:
		return e.Exprs
	case *hclsyntax.ConditionalExpr:
		return []hclsyntax.Expression{e.TrueResult, e.FalseResult}
	case *hclsyntax.ObjectConsExpr:
		out := make([]hclsyntax.Expression, len(e.Items))
		for i, item := range e.Items {
			out[i] = item.ValueExpr
		}
		return out
	}
	return nil
}

// Reveal lists the texts and numbers in the sensitive parts of v, at any depth,
// so that they can be masked in output. Keys are not among them.
func Reveal(v cty.Value) []string { return reveal(v, false, nil) }

func reveal(v cty.Value, sensitive bool, out []string) []string {
	if v == cty.NilVal || !sensitive && !v.ContainsMarked() {
		return out
	}
	v, marks := v.Unmark()
	sensitive = sensitive || len(marks) > 0
	if !v.IsKnown() || v.IsNull() {
		return out
	}
	switch ty := v.Type(); {
	case sensitive && ty == cty.String && v.AsString() != "":
		out = append(out, v.AsString())
	case sensitive && ty == cty.Number && printable(v):
		out = append(out, v.AsBigFloat().Text('f', -1))
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			out = reveal(e, sensitive, out)
		}
	}
	return out
}
