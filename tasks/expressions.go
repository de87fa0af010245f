package tasks

import (
	"iter"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/inventory"
)

// expressions are those of all tasks of a plan, with what is known of them
// beforehand. They do not change once they are made.
type expressions struct {
	view    *inventory.Revealed
	steps   map[*Step]*stepExprs
	tasks   map[*Task]*taskExprs
	secrets []string        // the texts that may not be shown and are the same for all hosts
	diags   hcl.Diagnostics // what is wrong with those that are the same for all hosts

	templates templates
	sources   sources
}

// taskExprs are the expressions of a task itself.
type taskExprs struct {
	pre, post []*conditionExprs
	all       needs // of pre and post
	// skipped and unknown are step.* where no step has run, and where nobody
	// knows which will have.
	skipped, unknown cty.Value
}

// stepExprs are the expressions of a step.
type stepExprs struct {
	*Step
	task  *Task
	attrs map[string]*expr
	post  []*conditionExprs
	body  *expr  // of a template: what its text refers to
	all   needs  // of attrs, post and body
	bound *Bound // where it is the same for all hosts; nil where it is not
	// fresh says that what it copies may be made by an earlier step of this machine.
	fresh bool
}

// conditionExprs are the expressions of a precondition or postcondition.
type conditionExprs struct{ condition, message *expr }

// An expr is an expression that is made for each host, and what is known of it
// beforehand.
type expr struct {
	hcl.Expression
	name string // of its attribute
	needs
	constant bool      // it is the same for all hosts
	value    cty.Value // of a constant
	broken   bool      // it is a constant with a mistake, which was told
	// alone are the elements of an object that are a secret and nothing else, and
	// so are taken to the byte.
	alone map[string]string
}

// needs are what expressions refer to.
type needs struct {
	host, step bool
	facts      bool     // host.facts, but for those that variables of the host are made from
	anyVar     bool     // any of the host's variables
	vars       []string // variables of the host
	hosts      bool     // variables of other hosts
	secrets    []string
}

func (n *needs) add(m *needs) {
	n.host, n.step, n.facts = n.host || m.host, n.step || m.step, n.facts || m.facts
	n.anyVar, n.hosts = n.anyVar || m.anyVar, n.hosts || m.hosts
	n.vars, n.secrets = union(n.vars, m.vars), union(n.secrets, m.secrets)
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// ofHost is what the variables in n are made from on h, together with n.
func (n *needs) ofHost(h *inventory.Host) inventory.VarNeeds {
	names := n.vars
	if n.anyVar {
		names = h.VarNames()
	}
	var out inventory.VarNeeds
	if len(names) > 0 {
		out = h.VarNeeds(names)
	}
	out.Facts, out.Hosts = out.Facts || n.facts, out.Hosts || n.hosts
	out.Secrets = union(out.Secrets, n.secrets)
	return out
}

// newExpressions looks at all expressions that the plan may evaluate, and
// evaluates those that are the same for all hosts.
func newExpressions(p *Plan, view *inventory.Revealed) *expressions {
	x := &expressions{
		view:    view,
		steps:   map[*Step]*stepExprs{},
		tasks:   map[*Task]*taskExprs{},
		secrets: view.Scope().Revealed(),
	}
	here := false // whether a step of this machine comes before
	for _, t := range p.Tasks {
		one := &taskExprs{}
		one.pre = x.conditions("precondition", t.preconditions, &one.all)
		one.post = x.conditions("postcondition", t.postconditions, &one.all)
		one.skipped, one.unknown = stepObjects(t.Task)
		x.tasks[t.Task] = one
		for s := range t.allSteps() {
			if t.Skip[s] == "" {
				x.steps[s] = x.step(t.Task, s)
				x.steps[s].fresh = here
				here = here || s.Local || s.Kind == "fetch"
			}
		}
	}
	return x
}

// allSteps are the steps of all sections, in the order in which a host walks them.
func (t *Task) allSteps() iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		for _, list := range [][]*Step{t.Steps, t.Handlers, t.Revert, t.OnFailure, t.Always} {
			for _, s := range list {
				if !yield(s) {
					return
				}
			}
		}
	}
}

func (x *expressions) step(t *Task, s *Step) *stepExprs {
	out := &stepExprs{Step: s, task: t, attrs: make(map[string]*expr, len(s.late.attrs))}
	for name, e := range s.late.attrs {
		out.attrs[name] = x.expr(name, e)
		out.all.add(&out.attrs[name].needs)
	}
	out.post = x.conditions("postcondition", s.late.postconditions, &out.all)
	if s.Kind == "template" {
		x.body(out)
	}
	if s.Kind == "fetch" || s.Local && s.Transfers() { // it has a path of its own on this machine
		out.all.host = true
	}
	return out
}

func (x *expressions) conditions(block string, list []*condition, all *needs) []*conditionExprs {
	var out []*conditionExprs
	for _, c := range list {
		one := &conditionExprs{x.expr(block, c.expr), x.expr("error_message", c.message)}
		all.add(&one.condition.needs)
		all.add(&one.message.needs)
		out = append(out, one)
	}
	return out
}

// expr looks at one expression, and evaluates it where it is a constant.
func (x *expressions) expr(name string, e hcl.Expression) *expr {
	scope := x.view.Scope()
	out := &expr{Expression: e, name: name, constant: true}
	for _, root := range scope.Roots(e) {
		out.host = out.host || root == "host"
		out.step = out.step || root == "step"
		out.constant = out.constant && !isLateRoot(root)
	}
	out.facts, out.anyVar = scope.NeedsFacts(e), scope.AnyHostVar(e)
	out.vars, out.secrets = scope.HostVarsIn(e), scope.SecretsIn(e)
	out.hosts = scope.Calls(e, "host")
	if len(out.secrets) > 0 {
		out.alone = secretsAlone(e)
	}
	if out.constant {
		v, diags := scope.ForStep(nil).Eval(e, cty.DynamicPseudoType)
		out.value, out.broken = v, diags.HasErrors()
		x.diags = append(x.diags, diags...)
	}
	return out
}

// secretsAlone finds the elements of an object that are a secret and nothing else.
func secretsAlone(e hcl.Expression) map[string]string {
	pairs, diags := hcl.ExprMap(e)
	if diags.HasErrors() {
		return nil
	}
	out := map[string]string{}
	for _, p := range pairs {
		k, diags := p.Key.Value(nil)
		if name := lang.SecretAlone(p.Value); name != "" && !diags.HasErrors() && k.Type() == cty.String && k.IsKnown() && !k.IsNull() {
			out[k.AsString()] = name
		}
	}
	return out
}

// texts lists the sensitive texts in v, which e makes in the scope, and those
// that it is made from. A text of several lines that e makes, such as a script, is
// left out where these are enough: each of its lines would count as a secret.
func (e *expr) texts(scope *lang.Scope, v cty.Value) []string {
	out, made := scope.RevealIn(e.Expression)
	made = union(made, lang.Reveal(v))
	long := func(text string) bool { return strings.Contains(text, "\n") }
	for _, text := range made {
		if !long(text) {
			out = union(out, []string{text})
		}
	}
	pieces := slices.Clone(out)
	for _, text := range made {
		has := func(piece string) bool { return len(piece) >= shortestSecret && strings.Contains(text, piece) }
		if long(text) && !slices.ContainsFunc(pieces, has) {
			out = union(out, []string{text})
		}
	}
	return out
}
