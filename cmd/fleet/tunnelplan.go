package main

import (
	"context"
	"slices"

	"fleet/internal/forward"
	"fleet/inventory"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// A tunnelPlan says what to open: the forwards of a block, or of the command
// line, on one host.
type tunnelPlan struct {
	name    string // of the block; "" for -L, -R and -D
	host    *inventory.Host
	rules   []forward.Rule
	onDown  tunnel.OnDown
	gateway bool
}

// planTunnels says what names, or the flags, mean. Nothing is contacted.
func (a *app) planTunnels(ctx context.Context, f *tunnelFlags, names []string) (*inventory.Inventory, []tunnelPlan, error) {
	if len(f.rules) > 0 {
		inv, hosts, err := a.selectHosts(ctx, &f.sel, &f.conn)
		if err != nil {
			return nil, nil, err
		}
		plans, err := f.adHoc(hosts)
		return inv, plans, err
	}
	inv, err := a.openInventory(ctx, &f.sel, &f.conn)
	if err != nil {
		return nil, nil, err
	}
	if len(names) == 0 {
		return nil, nil, nothingToOpen(inv)
	}
	plans, err := a.declared(inv, f, names)
	return inv, plans, err
}

// onDownOf is the policy of that name.
func onDownOf(name string) tunnel.OnDown {
	if name == "refuse" {
		return tunnel.Refuse
	}
	return tunnel.Wait
}

// adHoc makes of the flags what is to be opened on each of hosts.
func (f *tunnelFlags) adHoc(hosts []*inventory.Host) ([]tunnelPlan, error) {
	plans := make([]tunnelPlan, len(hosts))
	for i, h := range hosts {
		p := tunnelPlan{host: h, onDown: onDownOf(f.onDown), gateway: f.gateway}
		for _, rule := range f.rules {
			if rule.Kind != forward.Local {
				rule.Permit = f.permit
			}
			own, err := rule.ForHost(h.Name, i, len(hosts))
			if err != nil {
				return nil, &usageError{err: err}
			}
			p.rules = append(p.rules, own)
		}
		plans[i] = p
	}
	return plans, clash(plans)
}

// declared makes of the blocks with these names what is to be opened.
func (a *app) declared(inv *inventory.Inventory, f *tunnelFlags, names []string) ([]tunnelPlan, error) {
	narrow, err := a.narrow(inv, &f.sel)
	if err != nil {
		return nil, err
	}
	var plans []tunnelPlan
	var hosts []*inventory.Host
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, badUsage("%q is named twice", name)
		}
		t, err := inv.Tunnel(name)
		if err != nil {
			return nil, noTunnel(inv, err)
		}
		some, err := narrow(t.Hosts)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, some...)
		if len(some) == 0 {
			continue
		}
		forwards, found := t.Bind(some)
		if found.HasErrors() {
			return nil, a.refuseInventory(&f.sel, found)
		}
		if err := a.warn(found); err != nil {
			return nil, err
		}
		for _, fw := range forwards {
			plans = append(plans, tunnelPlan{
				name: t.Name, host: fw.Host, rules: []forward.Rule{fw.Rule},
				onDown: onDownOf(t.OnDown), gateway: t.Gateway || f.gateway,
			})
		}
	}
	if len(plans) == 0 {
		return nil, badUsage("no host of %s is left", plainList(names))
	}
	if err := f.sel.check(hosts); err != nil {
		return nil, err
	}
	return plans, clash(plans)
}

// planHosts are the hosts of plans, each once, in their order.
func planHosts(plans []tunnelPlan) []*inventory.Host {
	var hosts []*inventory.Host
	seen := map[*inventory.Host]bool{}
	for _, p := range plans {
		if !seen[p.host] {
			seen[p.host] = true
			hosts = append(hosts, p.host)
		}
	}
	return hosts
}

// specs are plans as package tunnel takes them.
func specs(plans []tunnelPlan, targets map[string]transport.Target) []tunnel.Spec {
	list := make([]tunnel.Spec, len(plans))
	for i, p := range plans {
		list[i] = tunnel.Spec{Name: p.name, Target: targets[p.host.Name], Rules: p.rules, OnDown: p.onDown, Gateway: p.gateway}
	}
	return list
}
