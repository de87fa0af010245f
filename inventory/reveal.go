package inventory

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/internal/nodeset"
)

// Revealed is an inventory with some of its secrets known: what expressions about
// its hosts are made from, once it is decided that they will be used. Its methods
// are safe for concurrent use.
type Revealed struct {
	inv   *Inventory
	scope *lang.Scope
	made  map[hcl.Expression]cty.Value // of variables made from secrets; not changed any more
}

// Unrevealed is the inventory without any secret.
func (inv *Inventory) Unrevealed() *Revealed { return &Revealed{inv: inv, scope: inv.scope} }

// Reveal fetches the secrets with the given names: this may run commands, or ask
// on the terminal. Without a name nothing is fetched, and nothing can fail.
func (inv *Inventory) Reveal(ctx context.Context, names []string) (*Revealed, error) {
	r := inv.Unrevealed()
	if len(names) == 0 {
		return r, nil
	}
	values := make(map[string]string, len(names))
	for _, name := range names {
		value, err := inv.vault.resolver.Resolve(ctx, name)
		if err != nil {
			return nil, err
		}
		values[name] = value.Reveal()
	}
	scope, diags := inv.scope.WithSecrets(values)
	r.scope = scope.WithFleet(hostFunctions{r})
	diags = append(diags, r.makeAll(values)...)
	if err := inv.Diagnose(diags).Err(); err != nil {
		return nil, err
	}
	return r, nil
}

// makeAll makes the variables again that are made from secrets, as far as all of
// these are known.
func (r *Revealed) makeAll(known map[string]string) hcl.Diagnostics {
	var all hcl.Diagnostics
	r.made = map[hcl.Expression]cty.Value{}
	for _, h := range r.inv.hosts {
		for _, name := range slices.Sorted(maps.Keys(h.layer.vars)) {
			e := h.layer.vars[name]
			if _, done := r.made[e.secret]; done || e.secret == nil {
				continue
			}
			if slices.ContainsFunc(e.secrets, func(s string) bool { _, ok := known[s]; return !ok }) {
				continue
			}
			v, diags := r.scope.Eval(e.secret, cty.DynamicPseudoType)
			r.made[e.secret] = v
			all = append(all, diags...)
		}
	}
	return all
}

// Scope is what expressions about the whole inventory are evaluated in.
func (r *Revealed) Scope() *lang.Scope { return r.scope }

// Value is what host.* stands for in expressions about h, as that of an
// [Inventory].
func (r *Revealed) Value(h *Host, index int, facts cty.Value) (cty.Value, hcl.Diagnostics) {
	v, _, diags := r.make(h, index, facts)
	return v, diags
}

// vars are the variables of h that are not made for it alone.
func (r *Revealed) vars(h *Host) map[string]cty.Value {
	out := make(map[string]cty.Value, len(h.layer.vars))
	for name, e := range h.layer.vars {
		if e.late != nil {
			continue
		}
		out[name] = e.value
		if e.secret == nil {
			continue
		}
		v, made := r.made[e.secret]
		switch {
		case !made:
		case e.part == "":
			out[name] = v
		default:
			out[name] = partOf(v, e.part)
		}
	}
	return out
}

// partOf is one part of the object of all variables, which is as sensitive as the
// whole.
func partOf(v cty.Value, name string) cty.Value {
	v, marks := v.Unmark()
	if !v.IsKnown() || v.IsNull() {
		return cty.DynamicVal.Mark(lang.Sensitive)
	}
	if part, ok := v.AsValueMap()[name]; ok {
		return part.WithMarks(marks)
	}
	return cty.DynamicVal.Mark(lang.Sensitive)
}

// VarNeeds is what variables of a host are made from.
type VarNeeds struct {
	Facts   bool     // the host's own
	Hosts   bool     // variables of other hosts
	Secrets []string // by name
}

// VarNeeds tells what variables of h are made from, also by way of others. A name
// that the host does not have needs nothing.
func (h *Host) VarNeeds(names []string) VarNeeds {
	var out VarNeeds
	seen := map[string]bool{}
	for queue := slices.Clone(names); len(queue) > 0; queue = queue[1:] {
		e, ok := h.layer.vars[queue[0]]
		if !ok || seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		out.Facts, out.Hosts = out.Facts || e.facts, out.Hosts || e.hosts
		out.Secrets = append(out.Secrets, e.secrets...)
		queue = append(queue, e.needs...)
	}
	return out
}

// VarNames are the names of the variables of h, sorted.
func (h *Host) VarNames() []string { return slices.Sorted(maps.Keys(h.layer.vars)) }

// VarSecrets lists the secrets that variables of any host are made from, sorted.
func (inv *Inventory) VarSecrets() []string {
	var out []string
	for _, h := range inv.hosts {
		for _, e := range h.layer.vars {
			out = append(out, e.secrets...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Match finds the hosts that a selection expression means, each once, in natural
// order. A name, group or label that matches nothing is an error, and so is an
// empty result.
func (inv *Inventory) Match(pattern string) ([]*Host, error) {
	names, err := hostFunctions{inv.Unrevealed()}.Hosts(pattern)
	if err != nil {
		return nil, err
	}
	return inv.hostsOf(names)
}

// Fold writes the names of hosts as one pattern, each once: web[1-3].
func Fold(hosts []*Host) string {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	slices.Sort(names)
	return nodeset.Fold(slices.Compact(names))
}
