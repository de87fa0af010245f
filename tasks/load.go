package tasks

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/inventory"
)

// A Set is the tasks of a project.
type Set struct {
	inv   *inventory.Inventory
	tasks []*Task
}

// Tasks are all tasks in the order of definition.
func (s *Set) Tasks() []*Task { return s.tasks }

// Selection is the text that selects the hosts of the task.
func (t *Task) Selection() string { return t.pattern }

// Load reads the task blocks of the project that inv was read from, and reports
// everything that is wrong with them, whatever the hosts are. With errors, the
// Set is good for nothing but completion. It is never nil.
func Load(inv *inventory.Inventory) (*Set, lang.Diagnostics) {
	s := &Set{inv: inv}
	d := &decoder{inv: inv, project: inv.Project(), scope: inv.Scope(), byName: map[string]*Task{}, defs: map[string]*lang.BlockDef{}, varTypes: map[string][]cty.Type{}}
	for _, b := range inv.TaskBlocks() {
		if t := d.task(b); t != nil {
			s.tasks = append(s.tasks, t)
			d.byName[t.Name] = t
		}
	}
	d.checkDependencies(s.tasks)
	return s, inv.Diagnose(d.diags)
}

// A decoder reads task blocks.
type decoder struct {
	inv     *inventory.Inventory
	project *lang.Project
	scope   *lang.Scope
	diags   hcl.Diagnostics
	byName  map[string]*Task
	defs    map[string]*lang.BlockDef // by type, of blocks that there are many of

	hints    int                   // how many were looked for
	spent    int                   // what evaluating with nothing known has cost
	varTypes map[string][]cty.Type // of host.vars.NAME, where it was asked for
}

func (d *decoder) add(diags hcl.Diagnostics) { d.diags = append(d.diags, diags...) }

func (d *decoder) fail(at hcl.Range, summary, format string, args ...any) {
	d.note(hcl.DiagError, at, summary, format, args...)
}

func (d *decoder) warn(at hcl.Range, summary, format string, args ...any) {
	d.note(hcl.DiagWarning, at, summary, format, args...)
}

func (d *decoder) note(severity hcl.DiagnosticSeverity, at hcl.Range, summary, format string, args ...any) {
	d.diags = append(d.diags, &hcl.Diagnostic{
		Severity: severity,
		Summary:  summary,
		Detail:   fmt.Sprintf(format, args...),
		Subject:  &at,
	})
}

// maxHints bounds how often the nearest name is looked for: a file may have as
// many names that are wrong as it has names, and more than this are not shown.
const maxHints = 500

// near is a hint at the candidate that was most likely meant by name.
func (d *decoder) near(name, prefix string, candidates func() []string) string {
	if d.hints++; d.hints > maxHints {
		return ""
	}
	return lang.DidYouMean(name, prefix, candidates())
}

// def is the definition of a type of blocks, made once.
func (d *decoder) def(name string, build func() *lang.BlockDef) *lang.BlockDef {
	if d.defs[name] == nil {
		d.defs[name] = build()
	}
	return d.defs[name]
}

// content is what is inside of a block. Of blocks that may stand there once, only
// the first is in it.
func (d *decoder) content(b *hcl.Block, def *lang.BlockDef) (hcl.Attributes, hcl.Blocks) {
	content, diags := d.project.Content(b.Body, def.Body())
	d.add(diags)
	many := map[string]bool{}
	for _, inner := range def.Blocks {
		many[inner.Type] = inner.Many
	}
	first := map[string]*hcl.Block{}
	var blocks hcl.Blocks
	for _, inner := range content.Blocks {
		if have := first[inner.Type]; have != nil && !many[inner.Type] {
			d.fail(inner.DefRange, "Duplicate block", "There is one %s block in a %s, and here it has a second; the first is at %s.", inner.Type, b.Type, lang.Place(have.DefRange))
			continue
		}
		first[inner.Type] = inner
		blocks = append(blocks, inner)
	}
	return content.Attributes, blocks
}

// name checks the label of a block, by which expressions refer to it.
func (d *decoder) name(b *hcl.Block) (string, bool) {
	name := b.Labels[0]
	if !hclsyntax.ValidIdentifier(name) {
		d.fail(b.LabelRanges[0], "Invalid name", "%q is no name for a %s: it starts with a letter or _, and goes on with letters, digits, _ and -.", name, b.Type)
		return name, false
	}
	return name, true
}
