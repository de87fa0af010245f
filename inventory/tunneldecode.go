package inventory

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/forward"
	"fleet/internal/lang"
	"fleet/internal/nodeset"
	"fleet/inventory/source"
)

// A tunnelEnd is where a tunnel listens, or where it leads to.
type tunnelEnd struct {
	name   string // of its attribute
	expr   hcl.Expression
	listen bool
	here   bool // on this machine, and not on the host
	late   bool // made for each host on its own

	fixed forward.Endpoint // where it is not late
}

// tunnel decodes a tunnel block. Whether there are such hosts is not asked before
// it is opened: a source may list none today.
func (d *decoder) tunnel(b *hcl.Block) {
	name, said := b.Labels[0], len(d.diags)
	if !source.ValidGroupName(name) {
		d.fail(b.LabelRanges[0], "Invalid tunnel name", "%q is no name for a tunnel: letters, digits, and any of _ . - after the first.", name)
	}
	if slices.Contains([]string{"list", "up", "down"}, name) {
		d.fail(b.LabelRanges[0], "Invalid tunnel name", "%s is no name for a tunnel: fleet tunnel %[1]s is a command of its own, and could not open it.", name)
	}
	for _, other := range d.tunnels {
		if other.Name == name {
			d.fail(b.LabelRanges[0], "Duplicate tunnel", "There is already a tunnel %q at %s.", name, other.Place)
		}
	}
	content, diags := d.project.Content(b.Body, tunnelDef().Body())
	d.add(diags)
	args := d.arguments(content.Attributes, b.DefRange, tunnelSpecs())
	t := &Tunnel{Name: name, Place: lang.Place(b.DefRange), OnDown: OnDownWords()[0], at: b.DefRange}
	if a := content.Attributes["hosts"]; a != nil {
		t.Hosts, t.hostsAt = args.text("hosts"), a.Expr.Range()
		if args.complete && t.Hosts == "" {
			d.fail(t.hostsAt, "Invalid value", "hosts is null, and has to be given.")
		}
	}
	if args.has("on_down") {
		t.OnDown = args.text("on_down")
	}
	t.permit, _ = args.values["permit"].(forward.Permits)
	t.Gateway = args.values["gateway"] == true
	d.tunnelEnds(t, b, content.Attributes)
	d.tunnels = append(d.tunnels, t)
	if !d.diags[said:].HasErrors() {
		d.checkPermit(t, &t.to)
	}
}

// tunnelEnds decodes where a tunnel listens and where it leads to.
func (d *decoder) tunnelEnds(t *Tunnel, b *hcl.Block, given hcl.Attributes) {
	var ways []string
	for _, name := range []string{"local", "remote", "dynamic"} {
		if given[name] != nil {
			ways = append(ways, name)
		}
	}
	if len(ways) != 1 {
		found := "none"
		if len(ways) > 0 {
			found = strings.Join(ways, " and ")
		}
		d.fail(b.DefRange, "Invalid tunnel", "A tunnel has exactly one of local, remote and dynamic; this one has %s. local and dynamic listen here, remote on the host.", found)
		return
	}
	way, to := ways[0], given["to"]
	switch {
	case way == "local":
		t.Kind = forward.Local
	case way == "dynamic":
		t.Kind = forward.Dynamic
	case to != nil:
		t.Kind = forward.Remote
	default:
		t.Kind = forward.RemoteDynamic
	}
	switch {
	case way == "local" && to == nil:
		d.fail(b.DefRange, "Invalid tunnel", "A local tunnel leads somewhere: it needs to, as in to = \"localhost:5432\", which is seen from the host.")
	case way == "dynamic" && to != nil:
		d.fail(to.NameRange, "Attribute not allowed here", "to is for local and remote; through a dynamic tunnel, a SOCKS proxy, each connection goes where it says.")
	}
	if a := given["permit"]; a != nil && way == "local" {
		d.fail(a.NameRange, "Attribute not allowed here", "permit is for dynamic and remote; a local tunnel leads to what its to says, and nowhere else.")
	}
	if a := given["on_down"]; a != nil && way == "remote" {
		d.fail(a.NameRange, "Attribute not allowed here", "on_down is for tunnels that listen here; what listens on the host is gone with the connection to it.")
	}
	t.listen = tunnelEnd{name: way, expr: given[way].Expr, listen: true, here: way != "remote"}
	d.tunnelEnd(&t.listen)
	if to != nil && way != "dynamic" {
		t.to = tunnelEnd{name: "to", expr: to.Expr, here: way == "remote"}
		d.tunnelEnd(&t.to)
	}
}

// tunnelEnd reads one end now, where it is the same for all hosts.
func (d *decoder) tunnelEnd(e *tunnelEnd) {
	if len(d.scope.SecretsIn(e.expr)) > 0 {
		d.fail(e.expr.Range(), "Sensitive value not allowed", "%s is shown, and cannot be made from a secret.", e.name)
		return
	}
	if e.late = d.isLate(e.expr); e.late {
		d.late = append(d.late, e.expr)
		return
	}
	v, diags := d.scope.Eval(e.expr, cty.DynamicPseudoType)
	d.add(diags)
	if diags.HasErrors() || !v.IsWhollyKnown() {
		return
	}
	var diag *hcl.Diagnostic
	if e.fixed, diag = e.parse(v); diag != nil {
		d.diags = append(d.diags, diag)
	}
}

// parse makes an address of a value.
func (e *tunnelEnd) parse(v cty.Value) (forward.Endpoint, *hcl.Diagnostic) {
	at := e.expr.Range()
	if lang.IsSensitive(v) {
		return forward.Endpoint{}, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Sensitive value not allowed", Detail: e.name + " is shown, and its value may not be.", Subject: &at,
		}
	}
	dir := ""
	if e.here {
		dir = filepath.Dir(at.Filename)
	}
	parse := TargetAddress
	if e.listen {
		parse = ListenAddress
	}
	out, err := parse(v, dir)
	if err != nil {
		return out, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Invalid value", Detail: fmt.Sprintf("%s %s.", e.name, err), Subject: &at,
		}
	}
	return out, nil
}

// checkPermit tells of a fixed target that the tunnel's own list leaves out.
func (d *decoder) checkPermit(t *Tunnel, to *tunnelEnd) {
	if to.expr == nil || to.late {
		return
	}
	if diag := t.forbidden(to.fixed); diag != nil {
		d.diags = append(d.diags, diag)
	}
}

// forbidden tells of a target that is not in the tunnel's own list.
func (t *Tunnel) forbidden(to forward.Endpoint) *hcl.Diagnostic {
	if t.permit == nil || to.IsZero() || to.IsUnix() || t.permit.Allows(to.Host(), to.Port()) {
		return nil
	}
	at := t.to.expr.Range()
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Target not permitted",
		Detail:  fmt.Sprintf("The tunnel %q leads to %s, which its own permit leaves out.", t.Name, to),
		Subject: &at,
	}
}

// parseSelection takes an expression that selects hosts, or several.
func parseSelection(v cty.Value, at hcl.Range) (any, error) {
	list, err := parseList(v, at)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(strings.Join(list.([]string), ","))
	switch {
	case text == "":
		return nil, fmt.Errorf("must not be empty; a selection is written as \"@web\", \"web[01-10]\" or \"*\"")
	case text == "-" || text[0] == '^':
		return nil, fmt.Errorf("cannot be a list in a file; put the hosts into a group, or read them by a source")
	}
	if _, err := nodeset.Parse(text); err != nil {
		return nil, fmt.Errorf("is no selection of hosts: %s", expressionProblem(err))
	}
	return text, nil
}

// parsePermits takes the targets that a tunnel may lead to.
func parsePermits(v cty.Value, at hcl.Range) (any, error) {
	list, err := parseList(v, at)
	if err != nil {
		return nil, err
	}
	out := forward.Permits{}
	for _, text := range list.([]string) {
		p, err := forward.ParsePermit(text)
		if err != nil {
			return nil, fmt.Errorf("has %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}
