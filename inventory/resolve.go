package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"fleet/internal/lang"
	"fleet/internal/nodeset"
)

// A resolver finds the hosts of the terms of a selection.
type resolver struct{ inv *Inventory }

func (r resolver) Resolve(t nodeset.Term, patterns []string) ([]string, error) {
	if r.inv.open {
		return nodeset.Names{}.Resolve(t, patterns)
	}
	switch t.Kind {
	case nodeset.Group:
		groups, err := r.inv.matchGroups(patterns)
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			if len(g.Hosts) == 0 {
				return nil, fmt.Errorf("the group %q has no hosts", g.Name)
			}
		}
		return hostNames(groups), nil
	case nodeset.Label:
		return r.inv.matchLabel(t)
	}
	return r.inv.resolveHosts(t, patterns)
}

// A resolverAmong takes names without an inventory, of which some must have been
// chosen.
type resolverAmong struct{ chosen map[string]bool }

func (r resolverAmong) Resolve(t nodeset.Term, patterns []string) ([]string, error) {
	names, err := nodeset.Names{}.Resolve(t, patterns)
	if err == nil && !slices.ContainsFunc(names, func(n string) bool { return r.chosen[n] }) {
		err = fmt.Errorf("%q is none of the selected hosts", t.Text)
		if s := lang.Suggest(t.Text, slices.Collect(maps.Keys(r.chosen))); s != "" {
			err = fmt.Errorf("%w; did you mean %q?", err, s)
		}
	}
	return names, err
}

// resolveHosts finds the hosts of a name, glob or regular expression.
func (inv *Inventory) resolveHosts(t nodeset.Term, patterns []string) ([]string, error) {
	switch t.Kind {
	case nodeset.Name:
		for _, name := range patterns {
			if inv.byName[name] == nil {
				return nil, inv.unknownHost(name)
			}
		}
		return patterns, nil
	case nodeset.Glob:
		var out []string
		for _, glob := range patterns {
			before := len(out)
			for _, h := range inv.hosts {
				if nodeset.Match(glob, h.Name) {
					out = append(out, h.Name)
				}
			}
			if len(out) == before {
				return nil, fmt.Errorf("no host matches %q", glob)
			}
		}
		return out, nil
	case nodeset.Regexp:
		var out []string
		for _, h := range inv.hosts {
			if t.Regexp.MatchString(h.Name) {
				out = append(out, h.Name)
			}
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("no host matches %s", t.Text)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%q cannot be used here", t.Text)
}

func (inv *Inventory) unknownHost(name string) error {
	hint := ""
	if inv.named[name] != nil {
		hint = fmt.Sprintf("; hint: it is a group: @%s", name)
	} else if s := lang.Suggest(name, slices.Collect(maps.Keys(inv.byName))); s != "" {
		hint = fmt.Sprintf("; did you mean %q?", s)
	}
	return fmt.Errorf("no host %q in the inventory%s", name, hint)
}

// matchGroups finds the groups with these names or globs.
func (inv *Inventory) matchGroups(patterns []string) ([]*Group, error) {
	var out []*Group
	for _, p := range patterns {
		if g := inv.named[p]; g != nil {
			out = append(out, g)
			continue
		}
		before := len(out)
		for _, g := range inv.groups {
			if strings.ContainsAny(p, "*?") && nodeset.Match(p, g.Name) {
				out = append(out, g)
			}
		}
		if len(out) == before {
			return nil, inv.unknownGroup(p)
		}
	}
	return out, nil
}

func (inv *Inventory) unknownGroup(name string) error {
	hint := ""
	switch s := lang.Suggest(name, slices.Collect(maps.Keys(inv.named))); {
	case name == "all":
		hint = `; hint: all hosts are -a, or "*"`
	case s != "":
		hint = fmt.Sprintf("; did you mean %q?", "@"+s)
	case inv.byName[name] != nil:
		hint = fmt.Sprintf("; hint: it is a host: %s", name)
	}
	return fmt.Errorf("no group %q in the inventory%s", name, hint)
}

// matchLabel finds the hosts with a label, or, for !=, all others.
func (inv *Inventory) matchLabel(t nodeset.Term) ([]string, error) {
	var out []string
	known := map[string]bool{}
	for _, h := range inv.hosts {
		value, ok := h.label(t.Key)
		known[t.Key] = known[t.Key] || ok
		if (ok && nodeset.Match(t.Value, value)) == (t.Op == "=") {
			out = append(out, h.Name)
		}
	}
	if !known[t.Key] {
		return nil, inv.unknownLabel(t.Key)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no host has the label %s", t.Text)
	}
	return out, nil
}

func (inv *Inventory) unknownLabel(key string) error {
	known := map[string]bool{}
	for _, h := range inv.hosts {
		for name := range h.layer.labels {
			known[name] = true
		}
	}
	hint := ""
	if s := lang.Suggest(key, slices.Collect(maps.Keys(known))); s != "" {
		hint = fmt.Sprintf("; did you mean %q?", s)
	}
	return fmt.Errorf("no host has a label %q%s", key, hint)
}

// hostNames are the names of all hosts of groups.
func hostNames(groups []*Group) []string {
	var out []string
	for _, g := range groups {
		for _, h := range g.Hosts {
			out = append(out, h.Name)
		}
	}
	return out
}

func joinArrow(path []string) string { return strings.Join(path, " -> ") }
