package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A guarded expression pays for its value from the budget of the context. It is
// a pair of parentheses to those who walk the tree, and transparent to those who
// look for a certain kind of expression.
type guarded struct {
	*hclsyntax.ParenthesesExpr
	converted bool // the value may become a list or a map
}

func guard(e hclsyntax.Expression) hclsyntax.Expression {
	return &guarded{ParenthesesExpr: &hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}}
}

// errorSteps is what each diagnostic costs, so that an error in a loop does not
// fill the memory with its repetitions.
const errorSteps = 200

func (e *guarded) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	b := budgetOf(ctx)
	if b.spent() {
		return cty.DynamicVal, nil // said already, where it happened
	}
	v, diags := e.Expression.Value(ctx)
	if !b.spent() && b.pay(errorSteps*len(diags)) && b.payBy(v, e.converted) {
		return v, diags
	}
	for _, d := range diags {
		if d.Summary == overBudgetSummary {
			return cty.DynamicVal, diags
		}
	}
	return cty.DynamicVal, hcl.Diagnostics{overBudget(e.Range(), b)}
}

// UnwrapExpression implements the protocol of hcl.UnwrapExpression.
func (e *guarded) UnwrapExpression() hcl.Expression { return e.Expression }

const overBudgetSummary = "Evaluation too expensive"

func overBudget(at hcl.Range, b *budget) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  overBudgetSummary,
		Detail: fmt.Sprintf("The expressions of %s may take %d steps together; here they were used up. "+
			"Look for loops inside of loops, values that double, and very long strings or numbers.", b.whose, b.steps),
		Subject: &at,
	}
}

// guardBody rewrites all expressions of a body.
func guardBody(b *hclsyntax.Body) {
	for _, a := range b.Attributes {
		a.Expr = guardExpr(a.Expr)
	}
	for _, block := range b.Blocks {
		guardBody(block.Body)
	}
}

// guardExpr wraps the nodes in e that repeat work or build values: the parts of
// loops, collections, templates and comparisons, and all calls and sums. What is
// left bare (references, accessors) costs the same whatever its operands are.
func guardExpr(e hclsyntax.Expression) hclsyntax.Expression {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		if e.Val.Type() == cty.Number {
			return guard(e)
		}
	case *hclsyntax.TupleConsExpr:
		for i := range e.Exprs {
			e.Exprs[i] = guardExpr(e.Exprs[i])
		}
		return guard(e)
	case *hclsyntax.ObjectConsExpr:
		for i := range e.Items {
			e.Items[i].KeyExpr = guardExpr(e.Items[i].KeyExpr)
			e.Items[i].ValueExpr = guardExpr(e.Items[i].ValueExpr)
		}
		return guard(e)
	case *hclsyntax.ForExpr:
		return guard(guardFor(e))
	case *hclsyntax.SplatExpr:
		e.Source, e.Each = always(e.Source), always(e.Each)
		return guard(e)
	case *hclsyntax.FunctionCallExpr:
		prepare := converted
		if keepsTypes(e.Name) {
			prepare = always
		}
		for i := range e.Args {
			e.Args[i] = prepare(e.Args[i])
		}
		if readsFiles(e.Name) && len(e.Args) > 0 {
			e.Args[0] = root(e.Args[0], e.NameRange)
		}
		return guard(e)
	case *hclsyntax.ScopeTraversalExpr:
		return guardReference(e)
	case *hclsyntax.RelativeTraversalExpr:
		e.Source = guardExpr(e.Source)
		return checkIndexes(e, e.Traversal)
	default:
		guardChildren(e)
		if _, ok := e.(*hclsyntax.BinaryOpExpr); ok {
			return guard(e)
		}
	}
	return e
}

// keepsTypes are the functions that take lists and objects as they are, whatever
// they are made of.
func keepsTypes(name string) bool {
	switch name {
	case "can", "concat", "element", "flatten", "index", "issensitive", "jsonencode", "keys", "length", "merge", "nonsensitive", "one",
		"sensitive", "shellquote", "slice", "templatefile", "templatestring", "try", "type", "values", "yamlencode":
		return true
	}
	return false
}

// always guards e also where guardExpr would leave it bare.
func always(e hclsyntax.Expression) hclsyntax.Expression {
	e = guardExpr(e)
	if _, done := e.(*guarded); done {
		return e
	}
	return guard(e)
}

// converted guards e where its value may be given another type.
func converted(e hclsyntax.Expression) hclsyntax.Expression {
	e = always(e)
	if g, ok := e.(*guarded); ok {
		g.converted = true
	}
	return e
}

func guardFor(e *hclsyntax.ForExpr) hclsyntax.Expression {
	e.CollExpr, e.ValExpr = always(e.CollExpr), always(e.ValExpr)
	if e.KeyExpr != nil {
		e.KeyExpr = always(e.KeyExpr)
	}
	if e.CondExpr != nil {
		e.CondExpr = always(e.CondExpr)
	}
	return e
}

func guardChildren(e hclsyntax.Expression) {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		e.Expression = guardExpr(e.Expression)
	case *hclsyntax.ObjectConsKeyExpr:
		e.Wrapped = guardExpr(e.Wrapped)
	case *hclsyntax.IndexExpr:
		e.Collection, e.Key = guardExpr(e.Collection), always(e.Key)
	case *hclsyntax.ConditionalExpr:
		e.Condition = guardExpr(e.Condition)
		e.TrueResult, e.FalseResult = converted(e.TrueResult), converted(e.FalseResult)
	case *hclsyntax.BinaryOpExpr:
		e.LHS, e.RHS = always(e.LHS), always(e.RHS)
	case *hclsyntax.UnaryOpExpr:
		e.Val = always(e.Val)
	case *hclsyntax.TemplateExpr:
		for i, part := range e.Parts {
			if _, literal := part.(*hclsyntax.LiteralValueExpr); !literal {
				e.Parts[i] = always(part)
			}
		}
	case *hclsyntax.TemplateJoinExpr:
		e.Tuple = guardExpr(e.Tuple)
	case *hclsyntax.TemplateWrapExpr:
		e.Wrapped = guardExpr(e.Wrapped)
	}
}

// checkIndexes makes an accessor that has a very long number an error: hcl would
// read it on each use.
func checkIndexes(e hclsyntax.Expression, t hcl.Traversal) hclsyntax.Expression {
	for _, step := range t {
		if i, ok := step.(hcl.TraverseIndex); ok && cost(i.Key, maxSteps, false) == maxSteps {
			return &hclsyntax.ExprSyntaxError{
				Placeholder: cty.DynamicVal,
				ParseDiags:  hcl.Diagnostics{numberTooLong(i.SrcRange)},
				SrcRange:    e.Range(),
			}
		}
	}
	return e
}
