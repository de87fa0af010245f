package lang

import (
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A Scope is what expressions can refer to: var.*, local.*, secret.*, the
// functions, and in a scope of [Scope.ForHost] host.*.
type Scope struct {
	project *Project
	ctx     *hcl.EvalContext
	budget  *budget
	tables  *tables
	vars    map[string]*variable
	locals  *locals
	secrets map[string]bool   // the declared ones, by name
	known   map[string]string // the secrets that were resolved
	hidden  hidden

	// What functions use.
	late      bool  // host is known
	fleet     Fleet // nil where the hosts are not known yet
	fold      func(names []string) string
	lookupEnv func(name string) (string, bool)
	now       func() time.Time
	loaded    time.Time
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
		locals:  &locals{},
		secrets: map[string]bool{},
		budget:  newBudget(steps, "a project"),
		tables:  newTables(),

		fold:      in.Fold,
		lookupEnv: in.LookupEnv,
		now:       in.Now,
	}
	if s.lookupEnv == nil {
		s.lookupEnv = os.LookupEnv
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.loaded = s.now()
	for _, name := range in.Secrets {
		s.secrets[name] = true
	}
	s.ctx = &hcl.EvalContext{Variables: map[string]cty.Value{
		"var":    cty.EmptyObjectVal,
		"local":  cty.EmptyObjectVal,
		"secret": secretObject(s.secrets, nil),
		"path":   pathObject(p.folders),
	}}
	all := s.declareVariables()
	all = append(all, s.declareLocals()...)
	all = append(all, s.assign(in)...)
	s.hidden.add(s.ctx.Variables["var"])
	all = append(all, s.evalLocals()...)
	return s, append(all, s.validate()...)
}

// value is what a name at the start of a reference stands for.
func (s *Scope) value(name string) cty.Value {
	for ctx := s.ctx; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[name]; ok {
			return v
		}
	}
	return cty.NilVal
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
		s.hide(diags)
	}()
	if s.budget.spent() {
		return cty.UnknownVal(want), hcl.Diagnostics{overBudget(e.Range(), s.budget)}
	}
	t := s.tables.take(s)
	defer s.tables.put(t)
	native, diags := s.prepare(ctx, e, t)
	if diags.HasErrors() {
		return cty.UnknownVal(want), diags
	}
	// A child, because hcl keeps state by context while it evaluates a splat.
	child := ctx.NewChild()
	child.Variables = map[string]cty.Value{budgetName: s.budget.value}
	child.Functions = t.functions
	v, more := native.Value(child)
	hideDerived(ctx, native, more)
	suggestMembers(more)
	diags = append(diags, more...)
	if more.HasErrors() {
		return cty.UnknownVal(want), diags
	}
	if !s.budget.payFor(v) {
		return cty.UnknownVal(want), append(diags, overBudget(e.Range(), s.budget))
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

// prepare makes e native and checks what it refers to; only once for all hosts.
func (s *Scope) prepare(ctx *hcl.EvalContext, e hcl.Expression, t *table) (hclsyntax.Expression, hcl.Diagnostics) {
	keep := s.late && reflect.TypeOf(e).Kind() == reflect.Pointer
	if keep {
		if native, ok := s.tables.prepared.Load(e); ok {
			return native.(hclsyntax.Expression), nil
		}
	}
	native, diags := nativeExpr(e)
	if diags.HasErrors() {
		return native, diags
	}
	diags = append(diags, s.checkReferences(ctx, native)...)
	diags = append(diags, checkCalls(native, t.functions)...)
	if keep && len(diags) == 0 {
		s.tables.prepared.Store(e, native)
	}
	return native, diags
}

func article(noun string) string {
	switch noun[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + noun
	}
	return "a " + noun
}
