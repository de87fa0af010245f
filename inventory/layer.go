package inventory

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
)

// A layer is what one level says about its hosts: the top level, a group or a
// host. Layers are laid over each other by precedence.
type layer struct {
	settings [settingCount]*setting
	vars     map[string]entry
	labels   map[string]entry
}

// An entry is a variable or label. A label given as null is a null value.
type entry struct {
	value cty.Value
	at    hcl.Range

	late  hcl.Expression // of a variable that is made for each host on its own; its value is unknown
	needs []string       // the variables of the host that it refers to
	facts bool           // it needs the facts of the host
	hosts bool           // it asks for another host

	secrets []string       // that it is made from
	secret  hcl.Expression // makes it again when they are known; nil where it is late
	part    string         // which part of what secret makes; "" is all of it
}

// over lays top over l and returns the result; both stay as they are.
func (l *layer) over(top *layer) *layer {
	out := *l
	for i, s := range top.settings {
		if s != nil {
			out.settings[i] = s
		}
	}
	out.vars = overlay(l.vars, top.vars)
	out.labels = overlay(l.labels, top.labels)
	return &out
}

func overlay(low, high map[string]entry) map[string]entry {
	switch {
	case len(high) == 0:
		return low
	case len(low) == 0:
		return high
	}
	out := make(map[string]entry, len(low)+len(high))
	maps.Copy(out, low)
	maps.Copy(out, high)
	return out
}

// merge adds what another block says about the same thing; to say something else
// is an error, because neither block comes first.
func (l *layer) merge(other *layer, what string) hcl.Diagnostics {
	var all hcl.Diagnostics
	for i, s := range other.settings {
		switch have := l.settings[i]; {
		case s == nil:
		case have == nil:
			l.settings[i] = s
		case have.late != nil || s.late != nil || !reflect.DeepEqual(have.value, s.value):
			all = append(all, conflict(what, settingName(settingID(i)), s.at, have.at))
		}
	}
	all = append(all, mergeEntries(&l.vars, other.vars, what, "vars.")...)
	return append(all, mergeEntries(&l.labels, other.labels, what, "labels.")...)
}

func mergeEntries(into *map[string]entry, from map[string]entry, what, prefix string) hcl.Diagnostics {
	var all hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(from)) {
		e := from[name]
		have, ok := (*into)[name]
		if !ok {
			if *into == nil {
				*into = map[string]entry{}
			}
			(*into)[name] = e
			continue
		}
		a, _ := have.value.UnmarkDeep()
		b, _ := e.value.UnmarkDeep()
		if !a.RawEquals(b) || have.isLater() || e.isLater() {
			all = append(all, conflict(what, prefix+name, e.at, have.at))
		}
	}
	return all
}

// isLater reports whether the value is not known when the inventory is loaded.
func (e *entry) isLater() bool { return e.late != nil || e.secret != nil }

func conflict(what, attr string, here, there hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Conflicting definitions",
		Detail:   fmt.Sprintf("%s appears more than once, and %s has another value at %s. Say it once, or say the same.", what, attr, lang.Place(there)),
		Subject:  &here,
	}
}

func settingName(id settingID) string {
	if id == setAddress {
		return "address"
	}
	for _, s := range becomeSpecs() {
		if s.id == id {
			return "become." + s.Name
		}
	}
	for _, s := range connectionSpecs() {
		if s.id == id {
			return s.Name
		}
	}
	return ""
}
