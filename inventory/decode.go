package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"fleet/internal/lang"
	"fleet/inventory/secret"
	"fleet/inventory/source"
)

// A decoder reads the blocks of a project.
type decoder struct {
	project *lang.Project
	scope   *lang.Scope
	diags   hcl.Diagnostics

	base    *layer
	sources []*sourceDef
	tunnels []*Tunnel
	foreign map[string]spec // the settings that sources may give, by name

	secretsAt   map[string]hcl.Range
	providersOf map[string]secret.Provider
	late        []hcl.Expression // what is made for each host

	// unlisted says that hosts are missing because of a mistake that is told: of
	// a name that is not found there is nothing to say. The same for groups.
	unlisted, ungrouped bool

	groups map[string]*groupDef
	order  []*groupDef // by definition
	hosts  map[string]*hostDef
	byName []*hostDef // by definition
}

// groupDef is what the blocks of a group say, and what sources say about it.
type groupDef struct {
	name      string
	at        hcl.Range
	layer     layer
	patterns  []pattern
	members   *setting
	protected *setting

	under    layer    // what sources say; the group's own blocks count more
	listed   []string // the hosts that sources list
	children []string // the groups that sources say are in it
}

// hostDef is what the blocks of a host say, and what sources say about it.
type hostDef struct {
	name  string
	at    hcl.Range
	layer layer
	under layer // what sources say; the host's own blocks count more
}

// A pattern is an element of a group's hosts.
type pattern struct {
	text string
	at   hcl.Range
}

func (d *decoder) add(diags hcl.Diagnostics) { d.diags = append(d.diags, diags...) }

func (d *decoder) fail(at hcl.Range, summary, format string, args ...any) {
	d.diags = append(d.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  summary,
		Detail:   fmt.Sprintf(format, args...),
		Subject:  &at,
	})
}

func (d *decoder) block(b *hcl.Block) {
	switch b.Type {
	case "connection":
		l := &layer{}
		d.connection(l, b)
		d.add(d.base.merge(l, "The top-level connection"))
	case "group":
		d.group(b)
	case "host":
		d.host(b)
	case "source":
		d.source(b)
	case "secret":
		d.secret(b)
	case "tunnel":
		d.tunnel(b)
	}
}

func (d *decoder) group(b *hcl.Block) {
	g := &groupDef{name: b.Labels[0], at: b.DefRange}
	if !source.ValidGroupName(g.name) {
		d.fail(b.LabelRanges[0], "Invalid group name", "%q is no name for a group: letters, digits, and any of _ . - after the first.", g.name)
		d.unlisted, d.ungrouped = true, true
		return
	}
	attrs := d.facets(b, groupDefinition(), &g.layer)
	if a := attrs["hosts"]; a != nil {
		g.patterns = d.patterns(a)
	}
	g.members = d.setting(attrs["members"], parseText)
	g.protected = d.setting(attrs["protected"], parseBool)

	have, isNew := d.groupNamed(g.name, g.at)
	if isNew {
		*have = *g
		return
	}
	what := fmt.Sprintf("The group %q", g.name)
	d.add(have.layer.merge(&g.layer, what))
	have.patterns = append(have.patterns, g.patterns...)
	d.mergeSetting(&have.members, g.members, what, "members")
	d.mergeSetting(&have.protected, g.protected, what, "protected")
}

// groupNamed is the definition of a group, made where there is none yet.
func (d *decoder) groupNamed(name string, at hcl.Range) (_ *groupDef, isNew bool) {
	if g := d.groups[name]; g != nil {
		return g, false
	}
	g := &groupDef{name: name, at: at}
	d.groups[name] = g
	d.order = append(d.order, g)
	return g, true
}

// hostNamed is the definition of a host, made where there is none yet.
func (d *decoder) hostNamed(name string, at hcl.Range) (_ *hostDef, isNew bool) {
	if h := d.hosts[name]; h != nil {
		return h, false
	}
	h := &hostDef{name: name, at: at}
	d.hosts[name] = h
	d.byName = append(d.byName, h)
	return h, true
}

func (d *decoder) mergeSetting(have **setting, s *setting, what, name string) {
	switch {
	case s == nil:
	case *have == nil:
		*have = s
	case (*have).value != s.value:
		d.diags = append(d.diags, conflict(what, name, s.at, (*have).at))
	}
}

func (d *decoder) host(b *hcl.Block) {
	h := &hostDef{name: b.Labels[0], at: b.DefRange}
	if problem := source.CheckHostName(h.name); problem != "" {
		d.fail(b.LabelRanges[0], "Invalid host name", "%q is no name for a host: %s.", h.name, problem)
		d.unlisted = true
		return
	}
	attrs := d.facets(b, hostDefinition(), &h.layer)
	h.layer.settings[setAddress] = d.setting(attrs["address"], parseAddress)
	have, isNew := d.hostNamed(h.name, h.at)
	if isNew {
		*have = *h
		return
	}
	d.add(have.layer.merge(&h.layer, fmt.Sprintf("The host %q", h.name)))
}

// facets decodes what groups and hosts have in common, and returns the
// attributes.
func (d *decoder) facets(b *hcl.Block, def *lang.BlockDef, l *layer) hcl.Attributes {
	content, diags := d.project.Content(b.Body, def.Body())
	d.add(diags)
	what := fmt.Sprintf("The connection of %s %q", b.Type, b.Labels[0])
	for i, c := range content.Blocks {
		part := &layer{}
		d.connection(part, c)
		if i == 0 {
			l.settings = part.settings
			continue
		}
		d.add(l.merge(part, what))
	}
	if a := content.Attributes["vars"]; a != nil {
		l.vars = d.entries(a, cty.DynamicPseudoType)
	}
	if a := content.Attributes["labels"]; a != nil {
		l.labels = d.entries(a, cty.String)
		d.checkLabels(l.labels)
	}
	return content.Attributes
}

// entries evaluates an object and converts its elements.
func (d *decoder) entries(a *hcl.Attribute, want cty.Type) map[string]entry {
	if out, late := d.lateEntries(a); late {
		return out
	}
	v, diags := d.scope.Eval(a.Expr, cty.DynamicPseudoType)
	d.add(diags)
	if v.IsMarked() {
		d.fail(a.Expr.Range(), "Sensitive value not allowed", "The names in %s are shown, so the object, or one of its keys, cannot be sensitive. The values can.", a.Name)
		return nil
	}
	if !v.IsKnown() || v.IsNull() {
		return nil
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		d.fail(a.Expr.Range(), "Invalid value", "%s must be an object, as in { name = \"value\" }.", a.Name)
		return nil
	}
	places := keyRanges(a.Expr)
	secrets := d.scope.SecretsIn(a.Expr)
	out := make(map[string]entry, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		name := k.AsString()
		at, ok := places[name]
		if !ok {
			at = a.Expr.Range()
		}
		e, err := convert.Convert(e, want)
		if err != nil {
			d.fail(at, "Invalid value", "%s.%s must be %s: %s.", a.Name, name, want.FriendlyName(), err)
			continue
		}
		one := entry{value: e, at: at}
		if len(secrets) > 0 && lang.IsSensitive(e) {
			one.secrets, one.secret, one.part = secrets, a.Expr, name
		}
		out[name] = one
	}
	return out
}

// keyRanges finds where the keys of a literal object stand.
func keyRanges(e hcl.Expression) map[string]hcl.Range {
	pairs, diags := hcl.ExprMap(e)
	if diags.HasErrors() {
		return nil
	}
	out := make(map[string]hcl.Range, len(pairs))
	for _, p := range pairs {
		if k, diags := p.Key.Value(nil); !diags.HasErrors() && k.Type() == cty.String && k.IsKnown() && !k.IsNull() {
			out[k.AsString()] = p.Key.Range()
		}
	}
	return out
}

func (d *decoder) checkLabels(labels map[string]entry) {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		e := labels[name]
		if !source.ValidLabelName(name) {
			d.fail(e.at, "Invalid label", "%q is no name for a label: letters, digits, and any of _ . - / after the first.", name)
		}
		if e.value.IsMarked() {
			d.fail(e.at, "Invalid label", "The label %q has a sensitive value; labels are shown everywhere. Use vars.", name)
		}
	}
}

// connection decodes a connection block into l.
func (d *decoder) connection(l *layer, b *hcl.Block) {
	content := d.settings(l, b.Body, connectionDef(), connectionSpecs())
	for _, block := range content.Blocks {
		part := &layer{}
		d.settings(part, block.Body, becomeDef(), becomeSpecs())
		d.add(l.merge(part, "become"))
	}
	jump, proxy := l.settings[setJump], l.settings[setProxyCommand]
	if jump != nil && proxy != nil && jump.value != nil && proxy.value != nil {
		d.fail(proxy.at, "Conflicting definitions", "jump and proxy_command are two ways to the same end; keep one. jump is at %s.", jump.origin())
	}
}

func (d *decoder) settings(l *layer, body hcl.Body, def *lang.BlockDef, specs []spec) *hcl.BodyContent {
	content, diags := d.project.Content(body, def.Body())
	d.add(diags)
	for _, s := range specs {
		a := content.Attributes[s.Name]
		if s.id == setBecomePassword {
			l.settings[s.id] = d.hiddenSetting(a, s.parse)
			continue
		}
		l.settings[s.id] = d.setting(a, s.parse)
	}
	return content
}

// setting evaluates an attribute that may be shown; nil where it is absent or
// wrong.
func (d *decoder) setting(a *hcl.Attribute, parse parser) *setting {
	if a == nil {
		return nil
	}
	if len(d.scope.SecretsIn(a.Expr)) > 0 {
		d.fail(a.Expr.Range(), "Sensitive value not allowed", "%s is shown, and cannot be made from a secret.%s", a.Name, onlyPassword)
		return nil
	}
	v, sensitive, ok := d.evaluate(a)
	if ok && sensitive {
		d.fail(a.Expr.Range(), "Sensitive value not allowed", "%s is shown, and its value may not be.%s", a.Name, onlyPassword)
		return nil
	}
	if !ok {
		return nil
	}
	return d.parse(a, parse, &setting{at: a.NameRange}, v)
}

const onlyPassword = " Sensitive values can be in vars, and in become.password."

// hiddenSetting evaluates an attribute that is never shown.
func (d *decoder) hiddenSetting(a *hcl.Attribute, parse parser) *setting {
	if a == nil {
		return nil
	}
	if s := d.lateSetting(a, parse); s != nil {
		return s
	}
	v, sensitive, ok := d.evaluate(a)
	if !ok {
		return nil
	}
	return d.parse(a, parse, &setting{at: a.NameRange, sensitive: sensitive}, v)
}

// evaluate is the value of an attribute, and whether it may not be shown.
func (d *decoder) evaluate(a *hcl.Attribute) (v cty.Value, sensitive, ok bool) {
	v, diags := d.scope.Eval(a.Expr, cty.DynamicPseudoType)
	d.add(diags)
	sensitive = lang.IsSensitive(v)
	v, _ = v.UnmarkDeep()
	return v, sensitive, !diags.HasErrors() && v.IsWhollyKnown()
}

// parse completes s with a value; null is no value.
func (d *decoder) parse(a *hcl.Attribute, parse parser, s *setting, v cty.Value) *setting {
	if v.IsNull() {
		return s
	}
	value, err := parse(v, a.NameRange)
	if err != nil {
		d.fail(a.Expr.Range(), "Invalid value", "%s %s%s", a.Name, err, ending(err))
		return nil
	}
	s.value = value
	return s
}

// ending closes a sentence that is not a question.
func ending(err error) string {
	if strings.HasSuffix(err.Error(), "?") {
		return ""
	}
	return "."
}

// patterns reads the hosts of a group.
func (d *decoder) patterns(a *hcl.Attribute) []pattern {
	s := d.setting(a, parseList)
	d.unlisted = d.unlisted || s == nil
	if s == nil || s.value == nil {
		return nil
	}
	places := []hcl.Range{}
	if items, diags := hcl.ExprList(a.Expr); !diags.HasErrors() {
		for _, item := range items {
			places = append(places, item.Range())
		}
	}
	texts := s.value.([]string)
	out := make([]pattern, len(texts))
	for i, t := range texts {
		out[i] = pattern{text: t, at: a.Expr.Range()}
		if len(places) == len(texts) {
			out[i].at = places[i]
		}
	}
	return out
}
