package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// nativeExpr turns an expression of the JSON syntax into the native tree it
// stands for: hcl's own would parse and evaluate the templates in its strings
// out of our sight. Native expressions are returned as they are.
func nativeExpr(e hcl.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	if n, ok := e.(hclsyntax.Expression); ok {
		return n, nil
	}
	if items, diags := hcl.ExprList(e); !diags.HasErrors() {
		return nativeTuple(e, items)
	}
	if pairs, diags := hcl.ExprMap(e); !diags.HasErrors() {
		return nativeObject(e, pairs)
	}
	v, diags := e.Value(nil) // no context: a string stays as it is
	if v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return guardExpr(&hclsyntax.LiteralValueExpr{Val: v, SrcRange: e.Range()}), diags
	}
	start := e.Range().Start
	start.Byte++ // past the quote
	start.Column++
	return parseTemplate([]byte(v.AsString()), e.Range().Filename, start)
}

func nativeTuple(e hcl.Expression, items []hcl.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	var all hcl.Diagnostics
	out := &hclsyntax.TupleConsExpr{SrcRange: e.Range(), OpenRange: e.StartRange()}
	for _, item := range items {
		n, diags := nativeExpr(item)
		all = append(all, diags...)
		out.Exprs = append(out.Exprs, n)
	}
	return guard(out), all
}

func nativeObject(e hcl.Expression, pairs []hcl.KeyValuePair) (hclsyntax.Expression, hcl.Diagnostics) {
	var all hcl.Diagnostics
	out := &hclsyntax.ObjectConsExpr{SrcRange: e.Range(), OpenRange: e.StartRange()}
	for _, pair := range pairs {
		k, kdiags := nativeExpr(pair.Key)
		v, vdiags := nativeExpr(pair.Value)
		all = append(append(all, kdiags...), vdiags...)
		out.Items = append(out.Items, hclsyntax.ObjectConsItem{
			KeyExpr:   &hclsyntax.ObjectConsKeyExpr{Wrapped: k, ForceNonLiteral: true},
			ValueExpr: v,
		})
	}
	return guard(out), all
}

// parseTemplate parses a string with ${ } sequences.
func parseTemplate(src []byte, filename string, start hcl.Pos) (hclsyntax.Expression, hcl.Diagnostics) {
	return parseMeasured(src, filename, start, templateMode, hclsyntax.ParseTemplate)
}

// parseExpression parses a single expression, such as the value of --var.
func parseExpression(src []byte, filename string, start hcl.Pos) (hclsyntax.Expression, hcl.Diagnostics) {
	return parseMeasured(src, filename, start, exprMode, hclsyntax.ParseExpression)
}

func parseMeasured(src []byte, filename string, start hcl.Pos, m mode,
	parse func([]byte, string, hcl.Pos) (hclsyntax.Expression, hcl.Diagnostics),
) (hclsyntax.Expression, hcl.Diagnostics) {
	nothing := &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: hcl.Range{Filename: filename, Start: start, End: start}}
	if diags := measureSource(src, filename, start, m); diags.HasErrors() {
		return nothing, diags
	}
	e, diags := parse(src, filename, start)
	if diags.HasErrors() || e == nil {
		return nothing, diags
	}
	return guardExpr(e), diags
}
