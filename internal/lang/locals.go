package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// locals are the declared local values and what is known of them before they
// have values.
type locals struct {
	attrs   map[string]*hcl.Attribute
	needs   map[string][]string // the locals each refers to
	order   []string            // each after those it needs; none that is part of a cycle
	secrets map[string][]string // the secrets each refers to itself
	late    map[string]bool     // those made from secrets, be it by way of others
}

func (s *Scope) declareLocals() hcl.Diagnostics {
	var all hcl.Diagnostics
	s.locals.attrs = map[string]*hcl.Attribute{}
	for _, block := range s.project.locals {
		attrs, diags := block.Body.JustAttributes()
		all = append(all, diags...)
		for _, name := range slices.Sorted(maps.Keys(attrs)) {
			if prev, ok := s.locals.attrs[name]; ok {
				all = append(all, &hcl.Diagnostic{
					Severity: hcl.DiagError,
					Summary:  "Duplicate local value",
					Detail:   fmt.Sprintf("local.%s is already defined at %s.", name, Place(prev.NameRange)),
					Subject:  attrs[name].NameRange.Ptr(),
				})
				continue
			}
			s.locals.attrs[name] = attrs[name]
		}
	}
	return append(all, s.sortLocals()...)
}

// Place is a range as people write it: file:line.
func Place(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }

// sortLocals finds the order in which locals can be evaluated.
func (s *Scope) sortLocals() hcl.Diagnostics {
	ls := s.locals
	ls.needs, ls.secrets, ls.late = map[string][]string{}, map[string][]string{}, map[string]bool{}
	neededBy := map[string][]string{}
	open := map[string]int{}
	names := slices.Sorted(maps.Keys(ls.attrs))
	for _, name := range names {
		native, _ := nativeExpr(ls.attrs[name].Expr)
		for _, n := range s.membersIn(native, "local") {
			if ls.attrs[n] != nil {
				ls.needs[name] = append(ls.needs[name], n)
				neededBy[n] = append(neededBy[n], name)
			}
		}
		open[name] = len(ls.needs[name])
		ls.secrets[name] = s.membersIn(native, "secret")
	}
	ls.order = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return open[n] > 0 })
	for i := 0; i < len(ls.order); i++ {
		name := ls.order[i]
		ls.late[name] = len(ls.secrets[name]) > 0 || slices.ContainsFunc(ls.needs[name], func(n string) bool { return ls.late[n] })
		for _, user := range neededBy[name] {
			if open[user]--; open[user] == 0 {
				ls.order = append(ls.order, user)
			}
		}
	}
	if len(ls.order) < len(names) {
		return hcl.Diagnostics{ls.cycle(names)}
	}
	return nil
}

// membersIn lists the NAMEs of root.NAME that e refers to, each once.
func (s *Scope) membersIn(e hclsyntax.Expression, root string) []string {
	var out []string
	seen := map[string]bool{}
	for _, t := range e.Variables() {
		if t.RootName() != root || len(t) < 2 {
			continue
		}
		if step, ok := t[1].(hcl.TraverseAttr); ok && !seen[step.Name] {
			seen[step.Name] = true
			out = append(out, step.Name)
		}
	}
	return out
}

func (s *Scope) evalLocals() hcl.Diagnostics {
	values := map[string]cty.Value{}
	for name := range s.locals.attrs {
		values[name] = cty.DynamicVal
	}
	return s.evalInOrder(values, func(string) bool { return true })
}

// evalInOrder gives values to the locals that are picked, and keeps the others.
func (s *Scope) evalInOrder(values map[string]cty.Value, picked func(name string) bool) hcl.Diagnostics {
	var all hcl.Diagnostics
	for _, name := range s.locals.order {
		if !picked(name) {
			continue
		}
		needs := s.locals.needs[name]
		seen := make(map[string]cty.Value, len(needs))
		for _, n := range needs {
			seen[n] = values[n]
		}
		ctx := s.ctx.NewChild()
		ctx.Variables = map[string]cty.Value{"local": cty.ObjectVal(seen)}
		v, diags := s.eval(ctx, s.locals.attrs[name].Expr, cty.DynamicPseudoType)
		all = append(all, diags...)
		values[name] = v
		s.hidden.add(v)
	}
	s.hidden.sort() // from here on, several goroutines may look
	s.ctx.Variables["local"] = cty.ObjectVal(values)
	return all
}

// cycle describes one of the cycles among the locals that have no place in the
// order.
func (ls *locals) cycle(names []string) *hcl.Diagnostic {
	stuck := map[string]bool{}
	for _, name := range names {
		stuck[name] = true
	}
	for _, name := range ls.order {
		delete(stuck, name)
	}
	at := slices.Min(slices.Collect(maps.Keys(stuck)))
	var path []string
	for !slices.Contains(path, at) {
		path = append(path, at)
		at = ls.needs[at][slices.IndexFunc(ls.needs[at], func(n string) bool { return stuck[n] })]
	}
	path = append(path[slices.Index(path, at):], at)
	for i, name := range path {
		path[i] = "local." + name
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Cycle among local values",
		Detail:   fmt.Sprintf("A value cannot be made from itself: %s.", strings.Join(shortList(path, 10), " -> ")),
		Subject:  ls.attrs[at].NameRange.Ptr(),
	}
}

// shortList leaves out the middle of a long list.
func shortList(in []string, n int) []string {
	if len(in) <= n {
		return in
	}
	return slices.Concat(in[:n/2], []string{"..."}, in[len(in)-n/2:])
}
