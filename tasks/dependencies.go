package tasks

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// dependsOn reads references to tasks. Whether there are such is known when all
// tasks are read.
func (t *taskDraft) dependsOn(a *hcl.Attribute) {
	if a == nil {
		return
	}
	items, diags := hcl.ExprList(a.Expr)
	if diags.HasErrors() {
		items = []hcl.Expression{a.Expr} // a single one will do
	}
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		ref, diags := hcl.AbsTraversalForExpr(item)
		name := ""
		if !diags.HasErrors() && len(ref) == 2 && ref.RootName() == "task" {
			if step, ok := ref[1].(hcl.TraverseAttr); ok {
				name = step.Name
			}
		}
		if name == "" {
			t.fail(item.Range(), "Invalid dependency", "depends_on lists tasks by reference: [task.NAME].")
			continue
		}
		if !seen[name] {
			seen[name] = true
			t.DependsOn = append(t.DependsOn, name)
			t.dependsAt = append(t.dependsAt, item.Range())
		}
	}
}

// checkDependencies looks for tasks that do not exist, and for tasks that come
// before themselves.
func (d *decoder) checkDependencies(tasks []*Task) {
	names := func() []string { return slices.Collect(maps.Keys(d.byName)) }
	for _, t := range tasks {
		for i, name := range t.DependsOn {
			if d.byName[name] == nil {
				d.fail(t.dependsAt[i], "Unknown task", "There is no task %q.%s", name, d.near(name, "task.", names))
			}
		}
	}
	d.checkCycles(tasks)
}

// checkCycles tells each cycle once, at the task of it that is defined first.
func (d *decoder) checkCycles(tasks []*Task) {
	at := map[*Task]int{} // places in path, counted from 1; -1 for what was looked at
	var path []*Task
	var visit func(t *Task)
	visit = func(t *Task) {
		switch i := at[t]; {
		case i > 0:
			d.cycle(path[i-1:])
			return
		case i < 0:
			return
		}
		path = append(path, t)
		at[t] = len(path)
		for _, name := range t.DependsOn {
			if next := d.byName[name]; next != nil {
				visit(next)
			}
		}
		path = path[:len(path)-1]
		at[t] = -1
	}
	for _, t := range tasks {
		visit(t)
	}
}

func (d *decoder) cycle(path []*Task) {
	names := make([]string, 0, len(path)+1)
	for _, t := range path {
		names = append(names, t.Name)
	}
	next := path[1%len(path)].Name
	at := path[0].dependsAt[slices.Index(path[0].DependsOn, next)]
	d.fail(at, "Cycle among tasks", "A task cannot come before itself: %s.", strings.Join(append(names, names[0]), " -> "))
}
