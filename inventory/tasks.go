package inventory

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
)

// taskHeader is what a task block looks like from outside. What is inside is for
// package tasks to read.
func taskHeader() hcl.BlockHeaderSchema {
	return hcl.BlockHeaderSchema{Type: "task", LabelNames: []string{"name"}}
}

// onlyForTasks are the variables that tasks refer to and nothing else does: to run
// a command, or another task, nobody has to think of a value for them.
func onlyForTasks(p *lang.Project, blocks hcl.Blocks) map[string]bool {
	var tasks, others hcl.Blocks
	for _, b := range blocks {
		if b.Type == taskHeader().Type {
			tasks = append(tasks, b)
		} else {
			others = append(others, b)
		}
	}
	if len(tasks) == 0 {
		return nil
	}
	out := p.VariablesIn(tasks)
	for name := range p.VariablesIn(others) {
		delete(out, name)
	}
	return out
}

// TaskBlocks are the task blocks of the project, unread, in the order of files
// and lines.
func (inv *Inventory) TaskBlocks() hcl.Blocks { return inv.tasks }

// Project is what the inventory was read from.
func (inv *Inventory) Project() *lang.Project { return inv.project }

// UnknownHost is what host.* stands for where nothing is known of a host but
// what can be asked.
func (inv *Inventory) UnknownHost() cty.Value { return unknownHost() }

// VarTypes lists the types that host.vars.NAME has, wherever it is given, each
// once. That of a variable made for each host may be any.
func (inv *Inventory) VarTypes(name string) []cty.Type {
	var out []cty.Type
	look := func(l *layer) {
		e, ok := l.vars[name]
		if !ok {
			return
		}
		ty := e.value.Type()
		if e.late != nil {
			v, _ := inv.scope.ForHost(unknownHost()).Eval(e.late, cty.DynamicPseudoType)
			ty = v.Type()
		}
		for _, have := range out {
			if have.Equals(ty) {
				return
			}
		}
		out = append(out, ty)
	}
	for _, g := range inv.groups {
		look(&g.def.layer)
	}
	for _, h := range inv.hosts {
		if h.def != nil {
			look(&h.def.layer)
		}
	}
	return out
}
