package main

import (
	"fmt"

	"fleet/internal/forward"
)

// A wish is a forward that wants an address.
type wish struct {
	name, host string // of the block, and of the host
	rule       forward.Rule
}

func (o wish) String() string {
	if o.name != "" {
		return fmt.Sprintf("tunnel %q (%s)", o.name, o.host)
	}
	return fmt.Sprintf("%s (%s)", o.host, o.rule)
}

// clash finds two forwards that would listen on the same port of one machine:
// with several -L on several hosts, the ports of one may run into those of
// another.
func clash(plans []tunnelPlan) error {
	type place struct {
		host   string // "": this machine
		listen forward.Endpoint
	}
	taken := map[place]wish{}
	for _, p := range plans {
		for _, r := range p.rules {
			if !r.Listen.IsUnix() && r.Listen.Port() == 0 {
				continue
			}
			at, now := place{listen: r.Listen}, wish{p.name, p.host.Name, r}
			if !r.Kind.ListensHere() {
				at.host = p.host.Name
			}
			if was, ok := taken[at]; ok {
				return twiceWanted(was, now)
			}
			taken[at] = now
		}
	}
	return nil
}

// twiceWanted is the error for two forwards that want one address.
func twiceWanted(a, b wish) error {
	what, hint := a.rule.Listen.String(), "give one of them another port, or port 0"
	switch {
	case !a.rule.Kind.ListensHere():
		what += " of " + a.host
	case a.name == "" && a.host != b.host:
		hint = "each host takes the next port; leave room for all of them, or use port 0"
	}
	if a.rule.Listen.IsUnix() {
		hint = "give one of them another path"
	}
	return &usageError{err: fmt.Errorf("%s is wanted twice: for %s, and for %s", what, a, b), hint: hint}
}
