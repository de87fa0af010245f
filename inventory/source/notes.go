package source

import (
	"slices"
	"strings"

	"fleet/internal/nodeset"
)

// A subject is the host or the group that something is said about.
type subject struct{ host, group string }

// notes collects warnings, and tells the same one of many hosts once.
type notes struct {
	order []*note
	byKey map[[2]string]*note
}

type note struct {
	at              Place
	summary, detail string
	hosts, groups   []string
}

func (n *notes) add(at Place, summary, detail string, about subject) {
	key := [2]string{summary, detail}
	have := n.byKey[key]
	if have == nil {
		if n.byKey == nil {
			n.byKey = map[[2]string]*note{}
		}
		have = &note{at: at, summary: summary, detail: detail}
		n.byKey[key] = have
		n.order = append(n.order, have)
	}
	if about.group != "" {
		have.groups = append(have.groups, about.group)
	} else if about.host != "" {
		have.hosts = append(have.hosts, about.host)
	}
}

func (n *notes) problems() []Problem {
	var out []Problem
	for _, note := range n.order {
		detail := note.detail
		var about []string
		if len(note.groups) > 0 {
			slices.Sort(note.groups)
			for _, g := range slices.Compact(note.groups) {
				about = append(about, "@"+g)
			}
		}
		if len(note.hosts) > 0 {
			about = append(about, nodeset.Fold(note.hosts))
		}
		if len(about) > 0 {
			detail += " It is about " + shorten(strings.Join(about, ","), 200) + "."
		}
		out = append(out, Problem{At: note.at, Warning: true, Summary: note.summary, Detail: detail})
	}
	return out
}
