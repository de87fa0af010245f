package lang

import (
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// VariablesIn are the names of the variables that blocks refer to, be it by way of
// locals. Of blocks in JSON it is not known beforehand which texts are
// expressions: they count as if they referred to all variables.
func (p *Project) VariablesIn(blocks hcl.Blocks) map[string]bool {
	names := map[string]map[string]bool{"var": {}, "local": {}}
	add := func(e hcl.Expression) {
		for _, t := range References(e) {
			if of := names[t.RootName()]; of != nil && member(t) != "" {
				of[member(t)] = true
			}
		}
	}
	for _, b := range blocks {
		body, ok := b.Body.(*hclsyntax.Body)
		if !ok {
			return p.allVariables()
		}
		eachExpression(body, add)
	}
	p.followLocals(names["local"], add)
	return names["var"]
}

// followLocals calls add for the expressions of wanted, and of the locals that
// these come to want in turn.
func (p *Project) followLocals(wanted map[string]bool, add func(hcl.Expression)) {
	for done := map[string]bool{}; len(done) < len(wanted); {
		open := maps.Clone(wanted)
		maps.DeleteFunc(open, func(name string, _ bool) bool { return done[name] })
		for _, b := range p.locals {
			attrs, _ := b.Body.JustAttributes()
			for name, a := range attrs {
				if open[name] {
					add(a.Expr)
				}
			}
		}
		maps.Copy(done, open)
	}
}

func (p *Project) allVariables() map[string]bool {
	out := map[string]bool{}
	for _, b := range p.variables {
		if len(b.Labels) > 0 {
			out[b.Labels[0]] = true
		}
	}
	return out
}

// eachExpression calls f for every expression in body, at any depth.
func eachExpression(body *hclsyntax.Body, f func(hcl.Expression)) {
	for _, a := range body.Attributes {
		f(a.Expr)
	}
	for _, b := range body.Blocks {
		eachExpression(b.Body, f)
	}
}
