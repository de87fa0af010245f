package inventory

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"fleet/internal/forward"
)

// clashes are tunnels that cannot be open at one time, as they would listen at one
// address. Nobody may want that, so it is no error.
type clashes struct {
	first map[listening]*Tunnel // who was the first to listen there
}

// A listening is an address of a machine; host is nil for this one.
type listening struct {
	host *Host
	at   forward.Endpoint
}

// of tells of the tunnels before t with which it clashes, of each one time; list is
// what t comes to.
func (c *clashes) of(t *Tunnel, list []Forward) hcl.Diagnostics {
	var all hcl.Diagnostics
	told := map[*Tunnel]bool{t: true}
	for _, f := range list {
		key := listening{at: f.Rule.Listen}
		where := ""
		if !t.listen.here {
			key.host, where = f.Host, " of "+f.Host.Name
		}
		if !key.at.IsUnix() && key.at.Port() == 0 {
			continue
		}
		other := c.first[key]
		if other == nil {
			c.first[key] = t
			continue
		}
		if told[other] {
			continue
		}
		told[other] = true
		subject := t.listen.expr.Range()
		all = append(all, &hcl.Diagnostic{
			Severity: hcl.DiagWarning, Summary: "Conflicting addresses",
			Detail:  fmt.Sprintf("The tunnel %q would listen on %s%s, as %q at %s would: only one of them can be open at a time.", t.Name, key.at, where, other.Name, other.Place),
			Subject: &subject,
		})
	}
	return all
}
