package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"fleet/internal/lang"
	"fleet/internal/sshconfig"
	"fleet/inventory/source"
)

// A hop is one stop on the way to a host: a host of the inventory, or a machine
// that the inventory only names.
type hop struct {
	host *Host
	sshconfig.Hop
}

// name is what the user calls the hop.
func (h hop) name() string {
	if h.host != nil {
		return h.host.Name
	}
	return h.String()
}

// parseHops reads one element of jump. A name of the inventory is that host.
func (inv *Inventory) parseHops(text string) ([]hop, error) {
	if h, ok := inv.byName[text]; ok {
		return []hop{{host: h}}, nil
	}
	parsed, err := sshconfig.ParseJump(text)
	if err != nil {
		return nil, err
	}
	hops := make([]hop, len(parsed))
	for i, p := range parsed {
		if p.User == "" && p.Port == "" {
			hops[i].host = inv.byName[p.Host]
		}
		if hops[i].host == nil {
			hops[i].Hop = p
		}
	}
	return hops, nil
}

// checkJump finds mistakes in one element of jump. A name alone must be a host of
// the inventory: it would be easy to misspell, and hard to see. Foreign
// inventories may name what ssh_config knows.
func (inv *Inventory) checkJump(text string, foreign bool) error {
	hops, err := inv.parseHops(text)
	if err != nil {
		return err
	}
	for _, h := range hops {
		switch {
		case h.host != nil:
		case source.CheckHostName(h.Host) != "":
			return fmt.Errorf("%q is no name for a host: %s", h.Host, source.CheckHostName(h.Host))
		case h.User != "" && !ValidUser(h.User):
			return fmt.Errorf("%q is no login name", h.User)
		case foreign:
		case h.User == "" && h.Port == "" && !strings.ContainsAny(h.Host, ".:"):
			return fmt.Errorf("no host %q in the inventory; one outside of it is written user@host or host:port.%s",
				h.Host, lang.DidYouMean(h.Host, "", inv.names()))
		}
	}
	return nil
}

// A jumpLoop is a way that comes back to a host.
type jumpLoop struct {
	path []string
	at   hcl.Range // of a jump that is part of it
}

func (e *jumpLoop) Error() string {
	return "the way over the jump hosts comes back: " + joinArrow(e.path)
}

// way lists the hops to h, first one first, as the inventory says. It is nil
// when the inventory says nothing, and empty when it says to go directly.
func (inv *Inventory) way(h *Host) ([]hop, error) { return inv.wayFrom(h, nil) }

func (inv *Inventory) wayFrom(h *Host, path []*Host) ([]hop, error) {
	s := h.layer.settings[setJump]
	if s == nil {
		return nil, nil
	}
	if s.value == nil {
		return []hop{}, nil
	}
	if slices.Contains(path, h) {
		loop := &jumpLoop{at: s.at}
		for _, p := range append(path[slices.Index(path, h):], h) {
			loop.path = append(loop.path, p.Name)
		}
		return nil, loop
	}
	path = append(slices.Clip(path), h)
	var out []hop
	for _, text := range s.value.([]string) {
		hops, err := inv.parseHops(text)
		if err != nil {
			return nil, err
		}
		for _, next := range hops {
			if next.host == h && inherited(h, s) {
				return ownOrNone(out), nil // the rest of the chain leads beyond h
			}
			if next.host != nil && len(out) == 0 {
				before, err := inv.wayFrom(next.host, path)
				if err != nil && inherited(h, s) {
					return []hop{}, nil
				}
				if err != nil {
					return nil, err
				}
				out = append(out, before...)
			}
			out = append(out, next)
		}
	}
	return ownOrNone(out), nil
}

// inherited reports whether s comes from a level above the host's own block.
func inherited(h *Host, s *setting) bool {
	return h.def == nil || h.def.layer.settings[setJump] != s
}

func ownOrNone(hops []hop) []hop {
	if hops == nil {
		return []hop{}
	}
	return hops
}
