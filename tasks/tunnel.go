package tasks

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/forward"
	"fleet/inventory"
)

// tunnelKind is the kind of a step that opens a tunnel.
const tunnelKind = "tunnel"

// tunnel decodes the block of a step.
func (t *taskDraft) tunnel(s *stepDraft, b *hcl.Block) {
	attrs, _ := t.content(b, tunnelDef())
	s.late.onDown = inventory.OnDownWords()[0]
	read(t.decoder, attrs["on_down"], oneOf(inventory.OnDownWords()), &s.late.onDown)
	for _, name := range []string{"to", "local"} {
		if a := attrs[name]; a != nil {
			s.late.attrs["tunnel."+name] = a.Expr
		}
	}
}

// onlyTunnel refuses what a tunnel has no use for.
func (t *taskDraft) onlyTunnel(s *stepDraft) {
	says := map[string]string{
		"for_each":     "for_each opens one tunnel for each element, and a step has one address. Make a step of each",
		"local":        "local carries a step out on this machine, where a tunnel begins in any case: it leads through the host, or through the one that on names",
		"health":       "health repeats a step, and a tunnel stays open. Repeat the steps that use it",
		"idle_timeout": "idle_timeout waits for output; a tunnel prints none. timeout bounds how long opening it takes",
	}
	for _, name := range []string{"env", "cwd", "stdin", "become"} {
		says[name] = name + " is for commands and scripts; a tunnel runs none"
	}
	for name, why := range says {
		if a := s.attrs[name]; a != nil {
			t.fail(a.NameRange, "Attribute not allowed here", "%s.", why)
		}
	}
}

// tunnel makes the action of a tunnel step. Where it leads is shown.
func (m *maker) tunnel(x *stepExprs) Action {
	a := &Tunnel{OnDown: x.late.onDown, Rule: forward.Rule{Kind: forward.Local, Listen: forward.TCP("127.0.0.1", 0)}}
	m.endpoint(x.attrs["tunnel.to"], &a.Rule.To, "", inventory.TargetAddress)
	local := x.attrs["tunnel.local"]
	if local == nil {
		return a
	}
	m.endpoint(local, &a.Rule.Listen, filepath.Dir(local.Range().Filename), inventory.ListenAddress)
	if !a.Rule.Listen.IsLoopback() {
		m.fail(local, "Invalid value", "tunnel.local is %s, where other machines can connect to: a step listens for this machine only, on 127.0.0.1, ::1, localhost or a socket.", a.Rule.Listen)
	}
	return a
}

// endpoint puts the address that e makes into the place for it.
func (m *maker) endpoint(e *expr, into *forward.Endpoint, dir string, parse func(cty.Value, string) (forward.Endpoint, error)) {
	if e == nil {
		return // said when it was decoded
	}
	m.shown(e, func(m *maker) bool {
		v, ok := m.value(e, cty.DynamicPseudoType)
		if !ok {
			return false
		}
		v, _ = v.UnmarkDeep()
		found, err := parse(v, dir)
		if err != nil {
			if !m.private {
				m.fail(e, "Invalid value", "%s %s.", e.name, strings.TrimSuffix(err.Error(), "."))
			}
			return false
		}
		*into = found
		return true
	})
}

// A listening is an address of this machine on which a step listens for hosts that
// have their turn together.
type listening struct {
	step  *Step
	batch int
	at    forward.Endpoint
}

// listeners looks for hosts that have their turn together and would have one
// address of this machine.
func (k *checker) listeners(h *Host, x *stepExprs, b *Bound, m *maker) {
	for _, c := range b.Calls {
		a, ok := c.Action.(*Tunnel)
		if !ok || x.Once || m.diags.HasErrors() || !a.Rule.Listen.IsUnix() && a.Rule.Listen.Port() == 0 {
			continue
		}
		one, other := k.sharers(h, x, a.Rule.Listen)
		if other == nil {
			continue
		}
		m.fail(x.attrs["tunnel.local"], "Conflicting addresses", "The step %q would listen on %s for %s and %s at once. "+
			"Make it from host.index or host.name, or leave local out for any port that is free.", x.Name, a.Rule.Listen, one.Name, other.Name)
	}
}

// sharers are two hosts that have their turn together, one of them h, for which
// the step would listen at one address; nil where there are none.
func (k *checker) sharers(h *Host, x *stepExprs, at forward.Endpoint) (one, other *inventory.Host) {
	if !x.all.host { // it is the same for all, and looked at once
		return h.host, h.task.companion(h.index)
	}
	key := listening{x.Step, h.task.batchOf(h.index), at}
	if first := k.listens[key]; first != nil {
		return first, h.host
	}
	k.listens[key] = h.host
	return nil, nil
}

// batchOf is the batch of the host with that place.
func (t *Planned) batchOf(index int) int {
	return slices.IndexFunc(t.Batches, func(b Batch) bool { return slices.Contains(b.Hosts, index) })
}

// companion is a host that has its turn together with another one, of any batch;
// nil where each has it alone.
func (t *Planned) companion(index int) *inventory.Host {
	for _, b := range t.Batches {
		for _, i := range b.Hosts {
			if len(b.Hosts) > 1 && i != index {
				return t.Hosts[i]
			}
		}
	}
	return nil
}
