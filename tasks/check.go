package tasks

import (
	"math"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/inventory"
)

// What the expressions of a plan may cost together when they are checked: some of
// it as such, and some for each step on each host, up to a bound: a real plan takes
// three to four for that. It is two to three microseconds a step, so some five
// seconds in the worst case.
// A template on a host may take more: one of 4 KB takes some 500 steps and a quarter
// of a millisecond.
const (
	freeCost         = 500_000
	stepCost         = 20
	mostCost         = 2_000_000
	templateCost     = 1_000
	mostTemplateCost = 20_000_000
)

// check makes every step that is carried out for every host, without any result,
// and tells what is wrong: the same mistake once, with all hosts that it is made
// for. It is called when the rest of the plan is made.
func (p *Plan) check() lang.Diagnostics {
	return p.checkWith(p.inv.Unrevealed())
}

func (p *Plan) checkWith(view *inventory.Revealed) lang.Diagnostics {
	p.exprs = newExpressions(p, view)
	k := &checker{plan: p, found: map[mistake]*finding{}, left: freeCost, listens: map[listening]*inventory.Host{}, writes: map[writing]writer{}, spoilt: map[*Step]bool{}}
	k.delegated.seen = map[*inventory.Host]bool{}
	k.all = append(k.all, p.exprs.diags...)
	templates := 0
	for _, t := range p.Tasks {
		k.left = min(k.left+stepCost*len(t.Hosts)*len(p.exprs.steps), mostCost)
		templates = min(templates+templateCost*len(t.Hosts)*p.exprs.templatesOf(t), mostTemplateCost)
	}
	k.left += templates
	for _, t := range p.Tasks {
		for i := range t.Hosts {
			if !k.host(t, i) {
				return p.inv.Diagnose(k.all)
			}
		}
	}
	p.sources = p.exprs.sources.list()
	p.Delegates, p.Anywhere = k.delegated.hosts, k.delegated.anywhere
	for _, f := range k.found {
		if len(f.hosts) < f.of {
			f.first.Detail += " This is so for " + inventory.Fold(f.hosts) + "."
		}
	}
	return p.inv.Diagnose(k.all)
}

// templatesOf is how many steps of t make a template for each host.
func (x *expressions) templatesOf(t *Planned) int {
	n := 0
	for s := range t.allSteps() {
		if one := x.steps[s]; one != nil && one.Kind == "template" && one.all.host {
			n++
		}
	}
	return n
}

// A checker looks for mistakes.
type checker struct {
	plan  *Plan
	all   hcl.Diagnostics
	found map[mistake]*finding
	left  int // of what expressions may cost

	listens map[listening]*inventory.Host // for whom a tunnel listens, where hosts have their turn together
	writes  map[writing]writer            // who writes a path on this machine
	spoilt  map[*Step]bool                // told to write a path twice

	delegated delegation
}

// A finding is a mistake with the hosts that it is made for.
type finding struct {
	first *hcl.Diagnostic
	hosts []*inventory.Host
	of    int // hosts that were looked at
}

// A mistake is a diagnostic without what differs between hosts.
type mistake struct {
	at              hcl.Range
	summary, detail string
}

// host checks all steps on one host of a task. It reports false where that costs
// too much.
func (k *checker) host(t *Planned, i int) bool {
	h := k.plan.NewHost(t, i, true)
	x := k.plan.exprs
	if one := x.tasks[t.Task]; i == 0 || one.all.host {
		m := h.maker(&one.all)
		h.checkConditions(m, one.pre)
		h.checkConditions(m, one.post)
		k.add(h, one.all.lookedAt(t), m.diags)
		k.left -= m.scope.Steps()
	}
	for s := range t.allSteps() {
		step := x.steps[s]
		if step == nil || s.Kind == flushKind || i > 0 && !step.all.host {
			continue
		}
		m := k.step(h, step)
		if k.left -= m.scope.Steps(); k.left < 0 {
			k.add(h, 1, hcl.Diagnostics{tooExpensive(step)})
			return false
		}
	}
	if h.value != cty.NilVal {
		k.add(h, math.MaxInt, h.made) // which tells of hosts in any case
	}
	return true
}

// step checks one step on one host.
func (k *checker) step(h *Host, x *stepExprs) *maker {
	b, m := h.bind(x)
	if len(m.diags) == 0 && x.isSame() && isComplete(b) {
		x.bound = b
	}
	k.delegated.add(h, x, b)
	if b.Skip == "" && !m.diags.HasErrors() {
		c := &Call{}
		if len(b.Calls) > 0 {
			c = b.Calls[0]
		} else if x.attrs["for_each"] != nil {
			c.each = unknownEach()
		}
		h.checkJudgement(m, x, c)
	}
	k.listeners(h, x, b, m)
	k.writers(h, x, b)
	k.add(h, x.all.lookedAt(h.task), m.diags)
	return m
}

// isSame reports whether x is the same for all hosts, whatever steps come to.
func (x *stepExprs) isSame() bool {
	made := x.fresh && x.Transfers() // what it copies may yet be made
	return !x.all.host && !x.all.step && !made
}

// isComplete reports whether nothing of b is known only later.
func isComplete(b *Bound) bool {
	for _, c := range b.Calls {
		if c.Late {
			return false
		}
	}
	return !b.Late
}

// checkJudgement looks for mistakes in what is asked when the step has run.
func (h *Host) checkJudgement(m *maker, x *stepExprs, c *Call) {
	if x.attrs["failed"] == nil && x.attrs["changed"] == nil && len(x.post) == 0 {
		return
	}
	values := map[string]cty.Value{"self": unknownResult(x.Step)}
	if c.each != cty.NilVal {
		values["each"] = c.each
	}
	sub := &maker{host: h, scope: m.scope.With(values)}
	for _, name := range []string{"failed", "changed"} {
		if e := x.attrs[name]; e != nil {
			sub.truth(e)
		}
	}
	for _, one := range x.post {
		sub.truth(one.condition)
		sub.text(one.message)
	}
	m.diags = append(m.diags, sub.diags...)
}

// checkConditions looks for mistakes in conditions, and for those that are met on
// no host.
func (h *Host) checkConditions(m *maker, list []*conditionExprs) {
	for _, c := range list {
		said := len(m.diags)
		yes, ok := m.truth(c.condition)
		m.text(c.message)
		if ok && !yes && c.condition.constant && len(m.diags) == said {
			m.fail(c.condition, notMet, "%s", m.message(c))
		}
	}
}

// add keeps what is new in diags, which were found on h; of is how many hosts are
// looked at.
func (k *checker) add(h *Host, of int, diags hcl.Diagnostics) {
	for _, d := range diags {
		m := mistake{*d.Subject, d.Summary, d.Detail}
		f := k.found[m]
		if f == nil {
			f = &finding{first: d, of: of}
			k.found[m] = f
			k.all = append(k.all, d)
		}
		if n := len(f.hosts); n == 0 || f.hosts[n-1] != h.host {
			f.hosts = append(f.hosts, h.host)
		}
	}
}

// lookedAt is how many hosts of a task expressions with such needs are checked on.
func (n *needs) lookedAt(t *Planned) int {
	if n.host {
		return len(t.Hosts)
	}
	return 1
}

func tooExpensive(x *stepExprs) *hcl.Diagnostic {
	at := x.anyExpr().Range()
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Evaluation too expensive",
		Detail: "The expressions of the tasks are too expensive for so many hosts; here what all of them may take was used up. " +
			"Make what does not need the host in a local, once.",
		Subject: &at,
	}
}
