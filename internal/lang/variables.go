package lang

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A variable is what a variable block declares.
type variable struct {
	name       string
	at         hcl.Range
	typed      bool // a type is declared, be it any
	ty         cty.Type
	defaults   *typeexpr.Defaults
	hasDefault bool
	unvalued   bool // it has no default, and nothing gives it a value
	fallback   cty.Value
	nullable   bool
	sensitive  bool
	checks     hcl.Blocks
}

func (s *Scope) declareVariables() hcl.Diagnostics {
	var all hcl.Diagnostics
	for _, block := range s.project.variables {
		v, diags := s.declare(block)
		all = append(all, diags...)
		if !hclsyntax.ValidIdentifier(v.name) {
			continue // said already
		}
		if prev, ok := s.vars[v.name]; ok {
			all = append(all, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Duplicate variable",
				Detail:   fmt.Sprintf("The variable %q is already declared at %s.", v.name, Place(prev.at)),
				Subject:  &v.at,
			})
			continue
		}
		s.vars[v.name] = v
	}
	return all
}

func (s *Scope) declare(block *hcl.Block) (*variable, hcl.Diagnostics) {
	v := &variable{name: block.Labels[0], at: block.DefRange, ty: cty.DynamicPseudoType, nullable: true}
	var all hcl.Diagnostics
	if !hclsyntax.ValidIdentifier(v.name) {
		all = append(all, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Invalid name",
			Detail:   fmt.Sprintf("%q is no name of a variable: it starts with a letter or _, and goes on with letters, digits, _ and -.", v.name),
			Subject:  block.LabelRanges[0].Ptr(),
		})
	}
	content, diags := s.project.Content(block.Body, variableDef().Body())
	all = append(all, diags...)
	v.checks = content.Blocks
	for name, into := range map[string]*bool{"nullable": &v.nullable, "sensitive": &v.sensitive} {
		if a := content.Attributes[name]; a != nil {
			val, diags := s.constant(a.Expr, cty.Bool)
			all = append(all, diags...)
			if val.IsKnown() && !val.IsNull() {
				*into = val.True()
			}
		}
	}
	if a := content.Attributes["description"]; a != nil {
		_, diags := s.constant(a.Expr, cty.String)
		all = append(all, diags...)
	}
	if a := content.Attributes["type"]; a != nil {
		all = append(all, v.declareType(a.Expr)...)
	}
	if a := content.Attributes["default"]; a != nil {
		val, diags := s.constant(a.Expr, cty.DynamicPseudoType)
		if v.sensitive {
			conceal(diags)
		}
		all = append(all, diags...)
		fallback := cty.UnknownVal(v.ty)
		if !diags.HasErrors() {
			var err error
			if fallback, err = v.convert(val); err != nil {
				all = append(all, v.invalid(err, a.Expr.Range().Ptr()))
			}
		}
		v.hasDefault, v.fallback = true, fallback
	}
	return v, all
}

// declareType reads a type constraint. Defaults of optional attributes are
// evaluated while it is read, so that there may be no loops in them.
func (v *variable) declareType(e hcl.Expression) hcl.Diagnostics {
	native, diags := typeExpr(e)
	if diags.HasErrors() {
		return diags
	}
	loops := hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.ForExpr, *hclsyntax.SplatExpr:
			at := n.Range()
			return hcl.Diagnostics{{
				Severity: hcl.DiagError,
				Summary:  "Value must be constant",
				Detail:   "There may be no loops in a type. Write the default as it is.",
				Subject:  &at,
			}}
		}
		return nil
	})
	if diags = append(diags, loops...); diags.HasErrors() {
		return diags
	}
	ty, defaults, more := typeexpr.TypeConstraintWithDefaults(native)
	v.ty, v.defaults, v.typed = ty, defaults, !more.HasErrors()
	return append(diags, more...)
}

// typeExpr is the native expression of a type. In JSON it stands in a string,
// which hcl would parse unmeasured.
func typeExpr(e hcl.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	if native, ok := e.(hclsyntax.Expression); ok {
		return native, nil
	}
	written, diags := e.Value(nil)
	if text := text(written); text != "" && !diags.HasErrors() {
		start := e.Range().Start
		start.Byte++ // past the quote
		start.Column++
		return parseExpression([]byte(text), e.Range().Filename, start)
	}
	return nil, append(diags, &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Invalid type specification",
		Detail:   "A type is written as a text here: \"list(string)\".",
		Subject:  e.Range().Ptr(),
	})
}

// constant evaluates what may not refer to anything.
func (s *Scope) constant(e hcl.Expression, want cty.Type) (cty.Value, hcl.Diagnostics) {
	native, diags := nativeExpr(e)
	if diags.HasErrors() {
		return cty.UnknownVal(want), diags
	}
	if refs := native.Variables(); len(refs) > 0 {
		at := refs[0].SourceRange()
		return cty.UnknownVal(want), append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Value must be constant",
			Detail:   fmt.Sprintf("Nothing can be referred to here, not even %q; locals may be made from variables instead.", traversalString(refs[0])),
			Subject:  &at,
		})
	}
	v, more := s.eval(&hcl.EvalContext{}, native, want)
	diags = append(diags, more...)
	if !more.HasErrors() && !s.budget.payForConversion(v) {
		return cty.UnknownVal(want), append(diags, overBudget(e.Range(), s.budget))
	}
	return v, diags
}

// convert gives val the declared type, and fills in optional() attributes.
func (v *variable) convert(val cty.Value) (cty.Value, error) {
	if v.defaults != nil && !val.IsNull() {
		val = v.defaults.Apply(val)
	}
	out, err := convert.Convert(val, v.ty)
	if err != nil {
		return cty.UnknownVal(v.ty), err
	}
	switch {
	case !out.IsNull() || v.nullable:
		return out, nil
	case v.hasDefault:
		return v.fallback, nil // as if it had not been given
	}
	return cty.UnknownVal(v.ty), errors.New("it may not be null")
}

func (v *variable) invalid(err error, at *hcl.Range) *hcl.Diagnostic {
	if v.sensitive { // the reason may quote keys
		err = fmt.Errorf("%s is required", article(v.ty.FriendlyName()))
	}
	d := &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Invalid value for variable",
		Detail:   fmt.Sprintf("The value does not fit the variable %q, declared at %s: %s.", v.name, Place(v.at), err),
		Subject:  at,
	}
	if v.sensitive {
		d.Extra = hideSource{}
	}
	return d
}

// validate checks the validation blocks, which may refer to everything.
func (s *Scope) validate() hcl.Diagnostics {
	var all hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(s.vars)) {
		v := s.vars[name]
		for _, block := range v.checks {
			all = append(all, s.checkVariable(v, block)...)
		}
	}
	return all
}

func (s *Scope) checkVariable(v *variable, block *hcl.Block) hcl.Diagnostics {
	content, all := s.project.Content(block.Body, validationDef().Body())
	if all.HasErrors() {
		return all
	}
	condition := content.Attributes["condition"].Expr
	ok, diags := s.Eval(condition, cty.Bool)
	all = append(all, diags...)
	message, diags := s.Eval(content.Attributes["error_message"].Expr, cty.String)
	all = append(all, diags...)
	ok, _ = ok.Unmark()
	if all.HasErrors() || !ok.IsKnown() || !message.IsKnown() || !ok.IsNull() && ok.True() {
		return all
	}
	text := "The value is not allowed."
	if !message.IsNull() && !message.IsMarked() {
		text = message.AsString()
	}
	native, _ := nativeExpr(condition)
	return append(all, &hcl.Diagnostic{
		Severity:    hcl.DiagError,
		Summary:     "Invalid value for variable",
		Detail:      fmt.Sprintf("%s This was checked by the validation of variable %q.", text, v.name),
		Subject:     condition.Range().Ptr(),
		Expression:  native,
		EvalContext: s.ctx,
	})
}
