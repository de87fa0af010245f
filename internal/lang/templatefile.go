package lang

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A Template is the text of a template file, parsed. It does not change, and may
// be rendered by many goroutines at the same time.
type Template struct {
	src   []byte
	expr  hclsyntax.Expression
	diags hcl.Diagnostics // of parsing
}

// ReadTemplate reads the template file at path, which then counts among the inputs
// of the project. Mistakes in the template are told by Render.
func (s *Scope) ReadTemplate(path string) (*Template, error) {
	t := s.tables.take(s)
	defer s.tables.put(t)
	src, err := t.readFile(path)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(src) {
		return nil, fmt.Errorf("%q is not valid UTF-8, and a template is a text", path)
	}
	out := &Template{src: src}
	out.expr, out.diags = s.tables.template(path, string(src), s.budget)
	return out, nil
}

// Expression is what the template refers to, to be asked for with methods of Scope.
func (t *Template) Expression() hcl.Expression { return t.expr }

// Render makes the text of t, in which the given names are known and nothing else
// of the project but functions. The value is a text. Diagnostics are about places
// in the template.
func (s *Scope) Render(t *Template, names map[string]cty.Value) (cty.Value, hcl.Diagnostics) {
	v, found := s.renderTemplate(t, names)
	diags := make(hcl.Diagnostics, len(found))
	for i, d := range found {
		one := *d // those of parsing belong to the template
		if one.Extra = nil; !hidesSource(d) {
			one.Extra = sourceText(t.src)
		}
		diags[i] = &one
	}
	s.hide(diags)
	return v, diags
}

func (s *Scope) renderTemplate(t *Template, names map[string]cty.Value) (v cty.Value, diags hcl.Diagnostics) {
	unknown := cty.UnknownVal(cty.String)
	defer func() {
		if r := recover(); r != nil {
			v, diags = unknown, hcl.Diagnostics{{
				Severity: hcl.DiagError,
				Summary:  "Cannot evaluate expression",
				Detail:   fmt.Sprintf("This is a mistake in fleet, please report it: %v.", r),
				Subject:  t.expr.Range().Ptr(),
			}}
		}
	}()
	if t.diags.HasErrors() {
		return unknown, t.diags
	}
	table := s.tables.take(s)
	defer s.tables.put(table)
	ctx := &hcl.EvalContext{Variables: names, Functions: table.without(isTemplate)}
	diags = append(t.unknownNames(ctx), checkCalls(t.expr, ctx.Functions)...)
	if diags.HasErrors() {
		return unknown, diags
	}
	child := ctx.NewChild()
	child.Variables = map[string]cty.Value{budgetName: s.budget.value}
	v, diags = t.expr.Value(child)
	hideDerived(ctx, t.expr, diags)
	suggestMembers(diags)
	if diags.HasErrors() {
		return unknown, diags
	}
	if !s.budget.payFor(v) {
		return unknown, append(diags, overBudget(t.expr.Range(), s.budget))
	}
	text, err := convert.Convert(v, cty.String)
	if err != nil || text.IsKnown() && text.IsNull() {
		return unknown, append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Incorrect type",
			Detail:   "All of the template is one value, and that is no text. jsonencode() or yamlencode() makes a text of it.",
			Subject:  t.expr.Range().Ptr(),
		})
	}
	return text, diags
}

// unknownNames finds references to what the template is not given.
func (t *Template) unknownNames(ctx *hcl.EvalContext) hcl.Diagnostics {
	var all hcl.Diagnostics
	known := roots(ctx)
	for _, ref := range t.expr.Variables() {
		name, at := ref.RootName(), ref.SourceRange()
		if slices.Contains(known, name) {
			continue
		}
		all = append(all, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Unknown reference",
			Detail:   fmt.Sprintf("There is nothing called %q in a template, which knows %s.%s", name, knownNames(known), giveHint(ref, known)),
			Subject:  &at,
		})
	}
	return all
}

// knownNames lists the names that a template knows, for the end of a sentence.
func knownNames(known []string) string {
	const most = 12
	vars := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return name == "host" })
	switch {
	case len(vars) == 0:
		return "host alone: it was given no vars"
	case len(vars) > most:
		return fmt.Sprintf("host and its %d vars", len(vars))
	}
	return "host and its vars: " + strings.Join(vars, ", ")
}

// giveHint says how a template gets to know what ref stands for.
func giveHint(ref hcl.Traversal, known []string) string {
	name := ref.RootName()
	switch name {
	case "vars":
		if inner := member(ref); inner != "" {
			return fmt.Sprintf(" Its vars are known by their own names: %s.", inner)
		}
		return " Its vars are known by their own names."
	case "var", "local", "secret", "step", "each", "self", "path":
		inner := member(ref)
		if inner == "" {
			inner = "NAME"
		}
		return fmt.Sprintf(" Give it what it needs: vars = { %s = %s }.", inner, Spell(ref))
	}
	if near := DidYouMean(name, "", known); near != "" {
		return near
	}
	return fmt.Sprintf(" For a ${%s} that stays as it is, write $${%s}.", name, name)
}
