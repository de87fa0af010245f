package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"golang.org/x/sync/errgroup"

	"fleet/internal/lang"
	"fleet/inventory/source"
)

// A sourceDef is a source block.
type sourceDef struct {
	kind *sourceKind
	name string
	at   hcl.Range
	*arguments
	data *source.Data
}

// A sourceKind is a kind of source, and how it is read.
type sourceKind struct {
	*lang.BlockDef
	specs []spec
	read  func(ctx context.Context, o *Options, a *arguments) *source.Data
	runs  bool // it runs a command
}

// arguments are the values of the attributes of a block, as their parsers made
// them.
type arguments struct {
	at       hcl.Range // of the block
	values   map[string]any
	complete bool // whether all that is given is right
}

// arguments evaluates the attributes of a block.
func (d *decoder) arguments(given hcl.Attributes, at hcl.Range, specs []spec) *arguments {
	out := &arguments{at: at, values: map[string]any{}, complete: true}
	for _, spec := range specs {
		a := given[spec.Name]
		if a == nil {
			continue
		}
		switch v := d.setting(a, spec.parse); {
		case v == nil:
			out.complete = false // said already
		case v.value != nil:
			out.values[spec.Name] = v.value
		}
	}
	return out
}

func (a *arguments) has(name string) bool {
	_, ok := a.values[name]
	return ok
}

func (a *arguments) text(name string) string {
	s, _ := a.values[name].(string)
	return s
}

func (a *arguments) list(name string) []string {
	l, _ := a.values[name].([]string)
	return l
}

func (a *arguments) duration(name string) time.Duration {
	d, _ := a.values[name].(time.Duration)
	return d
}

// source decodes a source block; it is read later, with all others at one time.
func (d *decoder) source(b *hcl.Block) {
	kinds := sourceKinds()
	i := slices.IndexFunc(kinds, func(k *sourceKind) bool { return k.Kind == b.Labels[0] })
	if i < 0 {
		var names []string
		for _, k := range kinds {
			names = append(names, k.Kind)
		}
		d.fail(b.LabelRanges[0], "Unknown source", "There is no source of the kind %q; there are %s.%s", b.Labels[0], strings.Join(names, ", "), lang.DidYouMean(b.Labels[0], "", names))
		return
	}
	s := &sourceDef{kind: kinds[i], name: b.Labels[1], at: b.DefRange}
	if !source.ValidGroupName(s.name) {
		d.fail(b.LabelRanges[1], "Invalid source name", "%q is no name for a source, which is also the group of its hosts: letters, digits, and any of _ . - after the first.", s.name)
		return
	}
	for _, other := range d.sources {
		if other.name == s.name {
			d.fail(b.LabelRanges[1], "Duplicate source", "There is already a source %q at %s.", s.name, lang.Place(other.at))
			return
		}
	}
	content, diags := d.project.Content(b.Body, s.kind.Body())
	d.add(diags)
	s.arguments = d.arguments(content.Attributes, b.DefRange, s.kind.specs)
	if diags.HasErrors() || !s.complete {
		s.data = &source.Data{}
	}
	// The group of all its hosts has its place here, in the order of definition.
	d.groupNamed(s.name, s.at)
	d.sources = append(d.sources, s)
}

// readSources reads all sources at one time and adds what they know. After
// mistakes in the files no command is run: it could be the wrong one. It reports
// whether all hosts are known.
func (d *decoder) readSources(ctx context.Context, o *Options) bool {
	mistaken := d.diags.HasErrors()
	d.foreign = map[string]spec{}
	for _, sp := range append(append(connectionSpecs(), becomeSpecs()...), addressSpec()) {
		d.foreign[settingName(sp.id)] = sp
	}
	var g errgroup.Group
	for _, s := range d.sources {
		switch {
		case s.data != nil:
		case mistaken && s.kind.runs:
			s.data = &source.Data{}
		default:
			g.Go(func() error {
				s.data = s.kind.read(ctx, o, s.arguments)
				return nil
			})
		}
	}
	_ = g.Wait() // what is wrong is in the data
	for _, s := range d.sources {
		d.addSource(s)
	}
	for _, g := range d.order {
		g.layer = *g.under.over(&g.layer)
	}
	for _, h := range d.byName {
		h.layer = *h.under.over(&h.layer)
	}
	return len(d.sources) == 0 || !d.diags.HasErrors()
}

// addSource adds the hosts and groups of a source to those of the files.
func (d *decoder) addSource(s *sourceDef) {
	for _, p := range s.data.Problems {
		at, severity := s.place(p.At), hcl.DiagError
		if p.Warning {
			severity = hcl.DiagWarning
		}
		d.diags = append(d.diags, &hcl.Diagnostic{Severity: severity, Summary: p.Summary, Detail: p.Detail, Subject: &at})
	}
	if slices.ContainsFunc(s.data.Problems, func(p source.Problem) bool { return !p.Warning }) {
		return
	}
	all, _ := d.groupNamed(s.name, s.at)
	for i := range s.data.Hosts {
		h := &s.data.Hosts[i]
		at := s.place(h.At)
		if problem := source.CheckHostName(h.Name); problem != "" {
			d.fail(at, "Invalid host name", "%q is no name for a host: %s.", h.Name, problem)
			continue
		}
		all.listed = append(all.listed, h.Name)
		def, _ := d.hostNamed(h.Name, at)
		d.add(def.under.merge(d.layerOf(s, &h.Facets), fmt.Sprintf("The host %q", h.Name)))
	}
	d.add(all.under.merge(d.layerOf(s, &s.data.Common), fmt.Sprintf("The source %q", s.name)))
	for i := range s.data.Groups {
		g := &s.data.Groups[i]
		at := s.place(g.At)
		switch {
		case !source.ValidGroupName(g.Name):
			d.fail(at, "Invalid group name", "%q is no name for a group: letters, digits, and any of _ . - after the first.", g.Name)
			continue
		case g.Name == s.name:
			d.fail(s.at, "Source and group have one name", "The source %q makes a group of all its hosts, and has itself a group of that name, at %s. Call the source something else.", s.name, lang.Place(at))
			continue
		}
		def, _ := d.groupNamed(g.Name, at)
		def.listed = append(def.listed, g.Hosts...)
		def.children = append(def.children, g.Children...)
		d.add(def.under.merge(d.layerOf(s, &g.Facets), fmt.Sprintf("The group %q", g.Name)))
		// What counts for all hosts of the source counts less than its groups.
		all.children = append(all.children, g.Name)
	}
}

// place is where something of the source stands: in the block, where the source
// itself has no places.
func (s *sourceDef) place(p source.Place) hcl.Range {
	if p.File == "" {
		return s.at
	}
	pos := hcl.Pos{Line: max(p.Line, 1), Column: 1}
	return hcl.Range{Filename: p.File, Start: pos, End: pos}
}

// layerOf turns the facets of a host or group into a layer.
func (d *decoder) layerOf(s *sourceDef, f *source.Facets) *layer {
	l := &layer{vars: s.entries(f.Vars)}
	if len(f.Labels) > 0 {
		l.labels = s.entries(f.Labels)
		for name, e := range l.labels {
			e.value, _ = convert.Convert(e.value, cty.String) // a label is a text, says package source
			l.labels[name] = e
		}
		d.checkLabels(l.labels)
	}
	if len(f.Settings) == 0 {
		return l
	}
	for _, name := range slices.Sorted(maps.Keys(f.Settings)) {
		d.sourceSetting(l, s, d.foreign[name], f.Settings[name])
	}
	return l
}

// sourceSetting checks a setting as one in a file of fleet.
func (d *decoder) sourceSetting(l *layer, s *sourceDef, sp spec, v source.Value) {
	at := s.place(v.At)
	sensitive := lang.IsSensitive(v.Value)
	plain, _ := v.UnmarkDeep()
	value, err := sp.parse(plain, at)
	if err != nil {
		d.fail(at, "Invalid value", "%s %s%s", settingName(sp.id), err, ending(err))
		return
	}
	l.settings[sp.id] = &setting{value: value, at: at, sensitive: sensitive, foreign: true}
}

func (s *sourceDef) entries(values map[string]source.Value) map[string]entry {
	if len(values) == 0 {
		return nil
	}
	out := make(map[string]entry, len(values))
	for name, v := range values {
		out[name] = entry{value: v.Value, at: s.place(v.At)}
	}
	return out
}
