package inventory

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/inventory/facts"
)

// lateEntries reads the vars that are made for each host on its own, and those
// that are made from secrets; the rest of the object is evaluated now. It reports
// whether a is such an object.
func (d *decoder) lateEntries(a *hcl.Attribute) (map[string]entry, bool) {
	if a.Name != "vars" || !d.isLate(a.Expr) && len(d.scope.SecretsIn(a.Expr)) == 0 {
		return nil, false
	}
	pairs, diags := hcl.ExprMap(a.Expr)
	if diags.HasErrors() {
		return nil, false // evaluating it as a whole says what is wrong
	}
	out := make(map[string]entry, len(pairs))
	for _, p := range pairs {
		key, diags := d.scope.Eval(p.Key, cty.String)
		d.add(diags)
		if key.IsMarked() {
			d.fail(p.Key.Range(), "Sensitive value not allowed", "The names in %s are shown and cannot be sensitive. The values can.", a.Name)
		}
		if diags.HasErrors() || !key.IsKnown() || key.IsNull() || key.IsMarked() {
			continue
		}
		e := entry{at: p.Key.Range(), secrets: d.scope.SecretsIn(p.Value)}
		if d.isLate(p.Value) {
			e.value, e.late, e.needs = cty.DynamicVal, p.Value, d.scope.HostVarsIn(p.Value)
			e.facts, e.hosts = d.scope.NeedsFacts(p.Value), d.scope.Calls(p.Value, "host")
			d.late = append(d.late, p.Value)
		} else {
			e.value, diags = d.scope.Eval(p.Value, cty.DynamicPseudoType)
			if len(e.secrets) > 0 {
				e.secret = p.Value
			}
		}
		d.add(diags)
		out[key.AsString()] = e
	}
	return out, true
}

// isLate reports whether e can only be evaluated when all hosts are known.
func (d *decoder) isLate(e hcl.Expression) bool {
	return d.scope.RefersToHost(e) || d.scope.AsksForHosts(e)
}

// checkLate finds what is wrong with late variables for every host, once.
func (d *decoder) checkLate(scope *lang.Scope) {
	scope = scope.ForHost(unknownHost())
	for _, e := range d.late {
		_, diags := scope.Eval(e, cty.DynamicPseudoType)
		d.add(diags)
	}
}

// unknownHost is a host of which nothing is known but what can be asked.
func unknownHost() cty.Value {
	return hostObject(cty.UnknownVal(cty.String), cty.UnknownVal(cty.String), cty.UnknownVal(cty.Number),
		cty.DynamicVal, cty.UnknownVal(cty.Map(cty.String)), cty.UnknownVal(cty.List(cty.String)), unknownFacts())
}

// unknownFacts are the facts of a host that was not asked. Which there are is known.
func unknownFacts() cty.Value { return cty.UnknownVal(facts.Type()) }

func hostObject(name, address, index, vars, labels, groups, facts cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"name": name, "address": address, "index": index,
		"vars": vars, "labels": labels, "groups": groups, "facts": facts,
	})
}

// Value is what host.* stands for in expressions about h. index is its place in
// the selection. facts is an object of facts.Type, unknown before they are gathered.
// A variable that could not be made is unknown in it, and told of.
func (inv *Inventory) Value(h *Host, index int, facts cty.Value) (cty.Value, lang.Diagnostics) {
	v, diags := inv.value(h, index, facts)
	return v, inv.project.Diagnostics(diags)
}

func (inv *Inventory) value(h *Host, index int, facts cty.Value) (cty.Value, hcl.Diagnostics) {
	return inv.Unrevealed().Value(h, index, facts)
}

// make makes the late variables of h, each after those it refers to, and tells
// what that cost.
func (r *Revealed) make(h *Host, index int, facts cty.Value) (_ cty.Value, steps int, all hcl.Diagnostics) {
	vars, place := r.vars(h), cty.NumberIntVal(int64(index))
	if len(vars) == len(h.layer.vars) {
		return h.object(place, facts, vars), 0, nil
	}
	scope := r.scope.ForHost(h.object(place, facts, vars))
	known := len(vars) // to scope
	open := map[string]bool{}
	var one func(name string)
	one = func(name string) {
		e, ok := h.layer.vars[name]
		if _, made := vars[name]; made || !ok {
			return
		}
		open[name] = true
		for _, needed := range e.needs {
			if open[needed] {
				all = append(all, lateCycle(e, name, needed))
				vars[name] = cty.DynamicVal
				return
			}
			one(needed)
		}
		if len(e.needs) > 0 && len(vars) > known { // what it refers to is known by now
			known = len(vars)
			steps += scope.Steps()
			scope = r.scope.ForHost(h.object(place, facts, vars))
		}
		v, diags := scope.Eval(e.late, cty.DynamicPseudoType)
		vars[name], all = v, append(all, diags...)
		delete(open, name)
	}
	for _, name := range slices.Sorted(maps.Keys(h.layer.vars)) {
		one(name)
	}
	return h.object(place, facts, vars), steps + scope.Steps(), all
}

func lateCycle(e entry, name, needed string) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Cycle among variables",
		Detail:   fmt.Sprintf("A variable of a host cannot be made from itself: vars.%s needs vars.%s, which is being made for it.", name, needed),
		Subject:  &e.at,
	}
}

// object makes the object that host.* is.
func (h *Host) object(index, facts cty.Value, vars map[string]cty.Value) cty.Value {
	address := h.Address()
	if address == "" {
		address = h.Name
	}
	labels, groups := cty.MapValEmpty(cty.String), cty.ListValEmpty(cty.String)
	if l := h.Labels(); len(l) > 0 {
		values := make(map[string]cty.Value, len(l))
		for name, text := range l {
			values[name] = cty.StringVal(text)
		}
		labels = cty.MapVal(values)
	}
	if names := h.Groups(); len(names) > 0 {
		values := make([]cty.Value, len(names))
		for i, name := range names {
			values[i] = cty.StringVal(name)
		}
		groups = cty.ListVal(values)
	}
	return hostObject(cty.StringVal(h.Name), cty.StringVal(address), index, cty.ObjectVal(vars), labels, groups, facts)
}

// Vars are the variables of h as JSON has them: nil, bool, string, int64,
// float64, []any and map[string]any. A sensitive part is the text "(sensitive)",
// and one that needs the host's facts "(known after connecting)". index is the
// host's place in the selection.
func (inv *Inventory) Vars(h *Host, index int) map[string]any {
	out := make(map[string]any, len(h.layer.vars))
	if len(h.layer.vars) == 0 {
		return out
	}
	object, _ := inv.value(h, index, unknownFacts()) // Check tells what is wrong
	for name, v := range object.GetAttr("vars").AsValueMap() {
		out[name] = goValue(v)
	}
	return out
}

// What late variables may cost for all selected hosts together: about a
// microsecond a step, so a few seconds in the worst case.
const (
	freeSteps    = 250_000
	stepsPerHost = 60
	mostHosts    = 20_000
)

func tooExpensive(h *Host, before, all int) *hcl.Diagnostic {
	var at hcl.Range
	for _, e := range h.layer.vars {
		if e.late != nil && (at.Filename == "" || e.at.Start.Byte < at.Start.Byte) {
			at = e.at
		}
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Evaluation too expensive",
		Detail: fmt.Sprintf("Variables that are made for each host are too expensive for %d hosts: those of the first %d used up what all of them may take. "+
			"Make what does not need the host in a local, once.", all, before),
		Subject: &at,
	}
}

// Check makes the variables of hosts, in selection order, that are made for each
// host on its own, and tells what is wrong with them: the same mistake once, with
// all hosts that it is made for.
func (inv *Inventory) Check(hosts []*Host) lang.Diagnostics {
	found := mistakes{}
	left := freeSteps + stepsPerHost*min(len(hosts), mostHosts)
	unrevealed := inv.Unrevealed()
	for i, h := range hosts {
		if !h.hasLate() {
			continue
		}
		_, steps, diags := unrevealed.make(h, i, unknownFacts())
		if left -= steps; left < 0 {
			return inv.project.Diagnostics(append(found.all, tooExpensive(h, i, len(hosts))))
		}
		found.add(h, diags)
	}
	found.nameHosts()
	return inv.project.Diagnostics(found.all)
}

func (h *Host) hasLate() bool {
	for _, e := range h.layer.vars {
		if e.late != nil {
			return true
		}
	}
	return false
}

// goValue makes a value what encoding/json makes of it.
func goValue(v cty.Value) any {
	switch ty := v.Type(); {
	case v.IsMarked():
		return "(sensitive)"
	case !v.IsKnown():
		return "(known after connecting)"
	case v.IsNull():
		return nil
	case ty == cty.String:
		return v.AsString()
	case ty == cty.Bool:
		return v.True()
	case ty == cty.Number:
		if n, acc := v.AsBigFloat().Int64(); acc == 0 {
			return n
		}
		f, _ := v.AsBigFloat().Float64()
		return f
	case ty.IsObjectType() || ty.IsMapType():
		out := make(map[string]any, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			out[k.AsString()] = goValue(e)
		}
		return out
	case v.CanIterateElements():
		out := make([]any, 0, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			out = append(out, goValue(e))
		}
		return out
	}
	return nil
}
