package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func (s *Scope) declareLocals() hcl.Diagnostics {
	var all hcl.Diagnostics
	for _, block := range s.project.locals {
		attrs, diags := block.Body.JustAttributes()
		all = append(all, diags...)
		for _, a := range attrs {
			if prev, ok := s.locals[a.Name]; ok {
				all = append(all, &hcl.Diagnostic{
					Severity: hcl.DiagError,
					Summary:  "Duplicate local value",
					Detail:   fmt.Sprintf("local.%s is already defined at %s.", a.Name, Place(prev.NameRange)),
					Subject:  a.NameRange.Ptr(),
				})
				continue
			}
			s.locals[a.Name] = a
		}
	}
	return all
}

// Place is a range as people write it: file:line.
func Place(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }

// evalLocals evaluates the locals, each after those it refers to.
func (s *Scope) evalLocals() hcl.Diagnostics {
	var all hcl.Diagnostics
	needs := map[string][]string{}
	neededBy := map[string][]string{}
	open := map[string]int{}
	names := slices.Sorted(maps.Keys(s.locals))
	for _, name := range names {
		needs[name] = s.localsIn(s.locals[name].Expr)
		for _, n := range needs[name] {
			neededBy[n] = append(neededBy[n], name)
		}
		open[name] = len(needs[name])
	}
	values := map[string]cty.Value{}
	ready := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return open[n] > 0 })
	for len(ready) > 0 {
		name := ready[0]
		ready = ready[1:]
		v, diags := s.evalLocal(name, needs[name], values)
		all = append(all, diags...)
		values[name] = v
		for _, user := range neededBy[name] {
			if open[user]--; open[user] == 0 {
				ready = append(ready, user)
			}
		}
	}
	if len(values) < len(names) {
		all = append(all, s.localCycle(names, needs, values))
	}
	for _, name := range names {
		if _, ok := values[name]; !ok {
			values[name] = cty.DynamicVal
		}
	}
	s.ctx.Variables["local"] = cty.ObjectVal(values)
	return all
}

// localsIn lists the declared locals that e refers to, each once.
func (s *Scope) localsIn(e hcl.Expression) []string {
	native, _ := nativeExpr(e)
	var out []string
	for _, t := range native.Variables() {
		if t.RootName() != "local" || len(t) < 2 {
			continue
		}
		step, ok := t[1].(hcl.TraverseAttr)
		if ok && s.locals[step.Name] != nil && !slices.Contains(out, step.Name) {
			out = append(out, step.Name)
		}
	}
	return out
}

func (s *Scope) evalLocal(name string, needs []string, values map[string]cty.Value) (cty.Value, hcl.Diagnostics) {
	seen := make(map[string]cty.Value, len(needs))
	for _, n := range needs {
		seen[n] = values[n]
	}
	ctx := s.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{"local": cty.ObjectVal(seen)}
	return s.eval(ctx, s.locals[name].Expr, cty.DynamicPseudoType)
}

// localCycle describes one of the cycles among the locals that have no value.
func (s *Scope) localCycle(names []string, needs map[string][]string, values map[string]cty.Value) *hcl.Diagnostic {
	at := ""
	for _, name := range names {
		if _, ok := values[name]; !ok {
			at = name
			break
		}
	}
	var path []string
	for !slices.Contains(path, at) {
		path = append(path, at)
		for _, n := range needs[at] {
			if _, ok := values[n]; !ok {
				at = n
				break
			}
		}
	}
	path = append(path[slices.Index(path, at):], at)
	for i, name := range path {
		path[i] = "local." + name
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Cycle among local values",
		Detail:   fmt.Sprintf("A value cannot be made from itself: %s.", strings.Join(shortList(path, 10), " -> ")),
		Subject:  s.locals[at].NameRange.Ptr(),
	}
}

// shortList leaves out the middle of a long list.
func shortList(in []string, n int) []string {
	if len(in) <= n {
		return in
	}
	return slices.Concat(in[:n/2], []string{"..."}, in[len(in)-n/2:])
}
