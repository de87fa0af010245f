package tasks

import (
	"context"
	"slices"

	"fleet/inventory"
)

// Resolve fetches the secrets that the steps of the plan need, and checks once
// more what is made from them: this may run commands, or ask on the terminal. It
// is called before hosts are made, by one goroutine. Without it, all that is made
// from secrets is unknown.
func (p *Plan) Resolve(ctx context.Context) error {
	names := p.secretNames()
	if len(names) == 0 {
		return nil
	}
	view, err := p.inv.Reveal(ctx, names)
	if err != nil {
		return err
	}
	for _, d := range p.checkWith(view) {
		if d.Severity == "error" {
			return &bindError{d}
		}
	}
	return nil
}

// Secrets lists the texts that may not be shown and are known by now: of
// sensitive variables, and of what Resolve has fetched. Those that are known for
// a host only are in its calls.
func (p *Plan) Secrets() []string { return slices.Clone(p.exprs.secrets) }

// secretNames are the secrets that expressions of the plan are made from, sorted.
func (p *Plan) secretNames() []string {
	var names []string
	others := false
	for _, t := range p.Tasks {
		all := p.exprs.needsOf(t)
		names = union(names, all.secrets)
		for _, h := range t.Hosts {
			var needs inventory.VarNeeds
			if len(all.vars) > 0 || all.anyVar {
				needs = all.ofHost(h)
			}
			names = union(names, needs.Secrets)
			others = others || needs.Hosts || all.hosts
		}
	}
	if others { // which ones is known only when the expressions are evaluated
		names = union(names, p.inv.VarSecrets())
	}
	slices.Sort(names)
	return names
}

// needsOf is what the expressions of a task refer to, together.
func (x *expressions) needsOf(t *Planned) *needs {
	all := &needs{}
	if len(t.Hosts) == 0 {
		return all
	}
	all.add(&x.tasks[t.Task].all)
	for s := range t.allSteps() {
		if one := x.steps[s]; one != nil {
			all.add(&one.all)
		}
	}
	return all
}
