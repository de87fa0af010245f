package tasks

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/inventory"
	"fleet/inventory/facts"
)

// A Host is what the expressions about one host can refer to while it walks a
// task: the host itself, and what its steps have come to. It is for one goroutine
// at a time.
type Host struct {
	plan    *Plan
	exprs   *expressions
	task    *Planned
	host    *inventory.Host
	index   int
	preview bool // what is known only after other steps have run is no mistake

	facts   cty.Value       // NilVal where they are not gathered
	value   cty.Value       // what host is in expressions; NilVal where that is not made yet
	made    hcl.Diagnostics // what is wrong with variables in value
	results map[string]cty.Value
	steps   cty.Value // what step is in expressions; NilVal where results are newer
	secrets []string  // texts of the calls by now
}

// NewHost is the host with the number i in t.Hosts, at the beginning of the task.
// In a preview results of steps are unknown until they are recorded.
func (p *Plan) NewHost(t *Planned, i int, preview bool) *Host {
	return &Host{plan: p, exprs: p.exprs, task: t, host: t.Hosts[i], index: i, preview: preview}
}

// NeedsFacts reports whether expressions of s refer to the host's facts, and
// these are not set yet; nil stands for the conditions of the task.
func (h *Host) NeedsFacts(s *Step) bool {
	if h.facts != cty.NilVal {
		return false
	}
	all := &h.exprs.tasks[h.task.Task].all
	if s != nil {
		x := h.exprs.steps[s]
		if x == nil {
			return false // it is left out
		}
		all = &x.all
	}
	return all.host && all.ofHost(h.host).Facts
}

// SetFacts says what the host says of itself: an object of facts.Type.
func (h *Host) SetFacts(v cty.Value) { h.facts, h.value = v, cty.NilVal }

// Record makes the result of a step known to later expressions; nil says that
// the step was skipped.
func (h *Host) Record(s *Step, r *Result) {
	if !s.Referenced {
		return
	}
	if h.results == nil {
		h.results = map[string]cty.Value{}
	}
	h.results[s.Name], h.steps = resultValue(s, r), cty.NilVal
}

// Precondition is an error where a precondition of the task is not met.
func (h *Host) Precondition() error { return h.conditions(h.exprs.tasks[h.task.Task].pre) }

// Postcondition is an error where a postcondition of the task is not met.
func (h *Host) Postcondition() error { return h.conditions(h.exprs.tasks[h.task.Task].post) }

func (h *Host) conditions(list []*conditionExprs) error {
	if len(list) == 0 {
		return nil
	}
	m := h.maker(&h.exprs.tasks[h.task.Task].all)
	m.conditions(list)
	return h.oneLine(m.diags)
}

// maker makes values of expressions that refer to n.
func (h *Host) maker(n *needs) *maker {
	values := make(map[string]cty.Value, 2)
	m := &maker{host: h}
	if n.host {
		values["host"] = h.hostValue()
	}
	if n.step {
		values["step"] = h.stepValue()
	}
	m.scope = h.exprs.view.Scope().ForStep(values)
	return m
}

// hostValue is what host stands for.
func (h *Host) hostValue() cty.Value {
	if h.value == cty.NilVal {
		known := h.facts
		if known == cty.NilVal {
			known = cty.UnknownVal(facts.Type())
		}
		h.value, h.made = h.exprs.view.Value(h.host, h.index, known)
	}
	return h.value
}

// stepValue is what step stands for.
func (h *Host) stepValue() cty.Value {
	if h.steps != cty.NilVal {
		return h.steps
	}
	x := h.exprs.tasks[h.task.Task]
	h.steps = x.skipped
	if h.preview {
		h.steps = x.unknown
	}
	if len(h.results) > 0 {
		all := maps.Clone(h.steps.AsValueMap())
		maps.Copy(all, h.results)
		h.steps = cty.ObjectVal(all)
	}
	return h.steps
}

// learn keeps texts that may not be shown.
func (h *Host) learn(texts []string) { h.secrets = union(h.secrets, texts) }

// tells lists the texts that may not be shown and are in s: a step may have
// printed one, and another may use what it printed.
func (h *Host) tells(s string) []string {
	var out []string
	for _, list := range [][]string{h.exprs.secrets, h.secrets} {
		for _, text := range list {
			if len(text) >= shortestSecret && strings.Contains(s, text) && !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}

// isTelling reports whether a text that may not be shown is in s.
func (h *Host) isTelling(s string) bool { return len(h.tells(s)) > 0 }

// shortestSecret is the length of the shortest text that is looked for, in bytes:
// shorter ones are everywhere.
const shortestSecret = 4

// oneLine makes what was found an error of one line; nil where it has no error.
func (h *Host) oneLine(diags hcl.Diagnostics) error {
	if !diags.HasErrors() {
		return nil
	}
	for _, d := range h.plan.inv.Diagnose(diags) {
		if d.Severity == lang.Error {
			return &bindError{d}
		}
	}
	return nil
}

// A bindError is a diagnostic in one line.
type bindError struct{ lang.Diagnostic }

func (e *bindError) Error() string {
	text := strings.Join(strings.Fields(e.Detail), " ")
	if e.Summary != notMet {
		text = strings.ToLower(e.Summary[:1]) + e.Summary[1:] + ": " + text
	}
	if e.Range == nil {
		return text
	}
	return lang.Place(hcl.Range{Filename: e.Range.Filename, Start: hcl.Pos{Line: e.Range.Start.Line}}) + ": " + text
}
