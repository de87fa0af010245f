package main

import (
	"fmt"
	"strings"

	"fleet/internal/forward"
	"fleet/internal/term"
)

// A plannedTunnel is what a step would open.
type plannedTunnel struct {
	Listen string `json:"listen,omitempty"` // absent for any port that is free
	Target string `json:"target"`
}

func plannedTunnels(rules []forward.Rule) []plannedTunnel {
	var out []plannedTunnel
	for _, r := range rules {
		t := plannedTunnel{Target: r.To.String()}
		if r.Listen.IsUnix() || r.Listen.Port() != 0 {
			t.Listen = r.Listen.String()
		}
		out = append(out, t)
	}
	return out
}

// mostTunnels is how many tunnels are shown of hosts that have one fate.
const mostTunnels = 4

// leads says which tunnels are opened.
func (f *plannedFate) leads() string {
	if len(f.Tunnels) == 0 {
		return ""
	}
	var list []string
	for _, t := range f.Tunnels[:min(mostTunnels, len(f.Tunnels))] {
		from := "to "
		if t.Listen != "" {
			from = term.Clean(t.Listen) + " -> "
		}
		list = append(list, from+term.Clean(t.Target))
	}
	if rest := len(f.Tunnels) - len(list); rest > 0 {
		list = append(list, fmt.Sprintf("and %d more", rest))
	}
	return "; tunnel " + strings.Join(list, ", ")
}
