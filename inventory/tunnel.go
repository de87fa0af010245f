package inventory

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/forward"
	"fleet/internal/lang"
)

// A Tunnel is a tunnel block: a forward to each host of a selection.
type Tunnel struct {
	Name  string
	Place string // of its block, as file:line
	Hosts string // the selection, as it is written
	Kind  forward.Kind
	// OnDown says what connections do while the host is away: "wait" or "refuse".
	OnDown string
	// Gateway allows it to listen on other addresses than those of the machine
	// itself.
	Gateway bool

	inv         *Inventory
	at, hostsAt hcl.Range
	listen, to  tunnelEnd
	permit      forward.Permits
}

// A Forward is a tunnel to one host.
type Forward struct {
	Tunnel *Tunnel
	Host   *Host
	Rule   forward.Rule
}

// Tunnels are all tunnels in the order of definition.
func (inv *Inventory) Tunnels() []*Tunnel { return inv.tunnels }

// Tunnel finds a tunnel by its name.
func (inv *Inventory) Tunnel(name string) (*Tunnel, error) {
	var names []string
	for _, t := range inv.tunnels {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no tunnel %q: the inventory has none; hint: a tunnel is a block, tunnel %q { ... }, in a *.fleet.hcl file", name, name)
	}
	hint := ""
	if s := lang.Suggest(name, names); s != "" {
		hint = fmt.Sprintf("; did you mean %q?", s)
	}
	return nil, fmt.Errorf("no tunnel %q in the inventory%s", name, hint)
}

// CheckTunnels makes all tunnels for all of their hosts, and tells what is wrong
// with them.
func (inv *Inventory) CheckTunnels() lang.Diagnostics {
	var all hcl.Diagnostics
	c := clashes{first: map[listening]*Tunnel{}}
	for _, t := range inv.tunnels {
		list, diags := t.bind(nil)
		all = append(append(all, diags...), c.of(t, list)...)
	}
	return inv.project.Diagnostics(all)
}

// Bind makes the forwards of the tunnel to some of its hosts, nil for all, in the
// order of its selection. The index of a host is its place in the whole selection
// in any case, so that a port does not depend on which others are opened.
func (t *Tunnel) Bind(hosts []*Host) ([]Forward, lang.Diagnostics) {
	out, diags := t.bind(hosts)
	return out, t.inv.project.Diagnostics(diags)
}

func (t *Tunnel) bind(hosts []*Host) ([]Forward, hcl.Diagnostics) {
	all, err := t.inv.Match(t.Hosts)
	if err != nil {
		at := t.hostsAt
		return nil, hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "Invalid hosts", Detail: sentence(err.Error()), Subject: &at,
		}}
	}
	wanted := make(map[*Host]bool, len(hosts))
	for _, h := range hosts {
		wanted[h] = true
	}
	b := &tunnelBinder{Tunnel: t, left: freeSteps + stepsPerHost*min(len(all), mostHosts)}
	var out []Forward
	for i, h := range all {
		if hosts != nil && !wanted[h] {
			continue
		}
		rule, diags := b.rule(h, i)
		if b.left < 0 {
			at := t.at
			return nil, append(b.found.all, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Evaluation too expensive",
				Detail:  fmt.Sprintf("The addresses of the tunnel %q are too expensive to make for so many hosts. Make what does not need the host in a local, once.", t.Name),
				Subject: &at,
			})
		}
		b.found.add(h, diags)
		out = append(out, Forward{Tunnel: t, Host: h, Rule: rule})
	}
	b.found.nameHosts()
	if b.found.all.HasErrors() {
		return nil, b.found.all
	}
	return out, t.collisions(out)
}

// A tunnelBinder makes the rules of one tunnel.
type tunnelBinder struct {
	*Tunnel
	found mistakes
	left  int // of what expressions may cost
}

// rule is that of one host.
func (b *tunnelBinder) rule(h *Host, index int) (forward.Rule, hcl.Diagnostics) {
	rule := forward.Rule{Kind: b.Kind, Listen: b.listen.fixed, To: b.to.fixed, Permit: b.permit}
	if !b.listen.late && !b.to.late {
		return rule, nil
	}
	value, steps, diags := b.inv.Unrevealed().make(h, index, unknownFacts())
	b.left -= steps
	if diags.HasErrors() {
		return rule, diags
	}
	scope := b.inv.scope.ForHost(value)
	for _, one := range []struct {
		end  *tunnelEnd
		into *forward.Endpoint
	}{{&b.listen, &rule.Listen}, {&b.to, &rule.To}} {
		if !one.end.late {
			continue
		}
		v, more := scope.Eval(one.end.expr, cty.DynamicPseudoType)
		if diags = append(diags, more...); more.HasErrors() {
			continue
		}
		if !v.IsWhollyKnown() {
			diags = append(diags, one.end.notKnown(v))
			continue
		}
		var diag *hcl.Diagnostic
		if *one.into, diag = one.end.parse(v); diag != nil {
			diags = append(diags, diag)
		}
	}
	b.left -= scope.Steps()
	if b.to.late && !diags.HasErrors() {
		if diag := b.forbidden(rule.To); diag != nil {
			diags = append(diags, diag)
		}
	}
	return rule, diags
}

// notKnown tells of an address that is made from what is not known when a tunnel
// is opened.
func (e *tunnelEnd) notKnown(v cty.Value) *hcl.Diagnostic {
	at := e.expr.Range()
	out := &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Value not known",
		Detail:  fmt.Sprintf("%s is made from facts of the host, which are known after connecting only. Make it from variables, labels, or the host's name and index.", e.name),
		Subject: &at,
	}
	if lang.IsSensitive(v) {
		out.Summary, out.Detail = "Sensitive value not allowed", fmt.Sprintf("%s is shown, and its value may not be.", e.name)
	}
	return out
}

// collisions tells of hosts for which one address of this machine would be
// listened to.
func (t *Tunnel) collisions(list []Forward) hcl.Diagnostics {
	if !t.listen.here {
		return nil
	}
	var order []forward.Endpoint
	at := map[forward.Endpoint][]*Host{}
	for _, f := range list {
		e := f.Rule.Listen
		if !e.IsUnix() && e.Port() == 0 {
			continue
		}
		if at[e] == nil {
			order = append(order, e)
		}
		at[e] = append(at[e], f.Host)
	}
	var all hcl.Diagnostics
	for _, e := range order {
		if len(at[e]) == 1 {
			continue
		}
		subject := t.listen.expr.Range()
		hint := "Give each host a port of its own, as in 15432 + host.index, or 0 for any that is free."
		if e.IsUnix() {
			hint = "Give each host a socket of its own, with ${host.name} in the path."
		}
		all = append(all, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Conflicting addresses",
			Detail:  fmt.Sprintf("The tunnel %q would listen on %s for %s at once. %s", t.Name, e, Fold(at[e]), hint),
			Subject: &subject,
		})
	}
	return slices.Clip(all)
}
