package lang

import (
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// varsParam is the object of what a template can refer to. Its parts keep their
// marks, so that only what is made from a sensitive part is sensitive.
func varsParam() function.Parameter {
	return function.Parameter{Name: "vars", Type: cty.DynamicPseudoType, AllowMarked: true, AllowUnknown: true}
}

// templateFileFunc is templatefile: a template in a file of its own, which knows
// nothing but what it is given. It may not call templatefile again.
func (t *table) templateFileFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, varsParam()},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			src, err := t.readFile(path)
			if err != nil {
				return cty.DynamicVal, function.NewArgError(0, err)
			}
			if _, err := validText(src); err != nil {
				return cty.DynamicVal, function.NewArgError(0, fmt.Errorf("%q %w", path, err))
			}
			return t.render(path, string(src), args[1], t.without(isTemplate))
		},
	})
}

// templateStringFunc is templatestring: a text is a template. What the text says
// may come from outside, so that it reads no files.
func (t *table) templateStringFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "template", Type: cty.String}, varsParam()},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			fine := t.without(func(name string) bool { return isTemplate(name) || readsFiles(name) })
			return t.render("<templatestring>", args[0].AsString(), args[1], fine)
		},
	})
}

func isTemplate(name string) bool { return name == "templatefile" || name == "templatestring" }

func (t *table) without(refused func(string) bool) map[string]function.Function {
	out := maps.Clone(t.functions)
	maps.DeleteFunc(out, func(name string, _ function.Function) bool { return refused(name) })
	return out
}

func (t *table) render(name, src string, vars cty.Value, functions map[string]function.Function) (cty.Value, error) {
	vars, marks := vars.Unmark()
	if vars.Type() == cty.DynamicPseudoType || !vars.IsKnown() {
		return cty.DynamicVal.WithMarks(marks), nil
	}
	if ty := vars.Type(); !ty.IsObjectType() && !ty.IsMapType() {
		return cty.DynamicVal, function.NewArgErrorf(1, "an object is required, with what the template refers to")
	}
	e, diags := t.scope.tables.template(name, src, t.scope.budget)
	if err := templateFailure(diags); err != nil {
		return cty.DynamicVal, err
	}
	ctx := &hcl.EvalContext{Variables: vars.AsValueMap(), Functions: functions}
	if ctx.Variables == nil {
		ctx.Variables = map[string]cty.Value{}
	}
	for _, ref := range e.Variables() {
		if root := ref.RootName(); !defined(ctx, root) {
			said := fmt.Sprintf("there is no %q among the vars that the template is given", root)
			if near := Suggest(root, roots(ctx)); near != "" {
				said += fmt.Sprintf("; did you mean %q", near)
			}
			return cty.DynamicVal, &templateError{at: ref.SourceRange(), summary: said}
		}
	}
	if err := templateFailure(checkCalls(e, functions)); err != nil {
		return cty.DynamicVal, err
	}
	child := ctx.NewChild()
	child.Variables = map[string]cty.Value{budgetName: t.scope.budget.value}
	v, diags := e.Value(child)
	if t.scope.budget.spent() {
		return cty.DynamicVal, errTooExpensive()
	}
	return v.WithMarks(marks), templateFailure(diags)
}

// A templateError is a mistake in a template. The detail may quote values.
type templateError struct {
	at              hcl.Range
	summary, detail string
}

func (e *templateError) Error() string {
	return strings.TrimRight(e.short()+": "+e.detail, ": .")
}

// short is what can be said in any case.
func (e *templateError) short() string {
	return fmt.Sprintf("%s:%d,%d: %s", e.at.Filename, e.at.Start.Line, e.at.Start.Column, e.summary)
}

// templateFailure is the first error of diags; nil when there is none.
func templateFailure(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		e := &templateError{summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			e.at = *d.Subject
		}
		return e
	}
	return nil
}

// maxTemplates bounds how many parsed templates are kept.
const maxTemplates = 200

// templates are those that were parsed, by their text: one is often used for
// each of thousands of hosts.
type templates struct {
	mu     sync.Mutex
	parsed map[templateKey]parsedTemplate
}

type templateKey struct{ name, src string }

type parsedTemplate struct {
	expr  hclsyntax.Expression
	diags hcl.Diagnostics
}

func (ts *tables) template(name, src string, b *budget) (hclsyntax.Expression, hcl.Diagnostics) {
	key := templateKey{name, src}
	ts.templates.mu.Lock()
	p, ok := ts.templates.parsed[key]
	ts.templates.mu.Unlock()
	if ok {
		return p.expr, p.diags
	}
	if !b.pay(len(src) / 8) {
		return nil, hcl.Diagnostics{overBudget(hcl.Range{Filename: name}, b)}
	}
	p.expr, p.diags = parseTemplate([]byte(src), name, hcl.InitialPos)
	ts.templates.mu.Lock()
	defer ts.templates.mu.Unlock()
	if ts.templates.parsed == nil || len(ts.templates.parsed) >= maxTemplates {
		ts.templates.parsed = map[templateKey]parsedTemplate{}
	}
	ts.templates.parsed[key] = p
	return p.expr, p.diags
}
