package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/inventory"
	"fleet/tasks"
)

// approve shows what is going to be done, and asks where that touches protected
// hosts or many.
func (a *app) approve(ctx context.Context, f *applyFlags, p *program) error {
	if !a.global.quiet && f.show.format == "text" {
		summarize(a.env.stderr, p.plan)
	}
	why := p.reach(f.askAbove)
	if f.confirm && !term.CanAsk() {
		return badUsage("--confirm asks before every step, and there is no terminal to ask on")
	}
	if f.yes || why == "" {
		return nil
	}
	return a.goOn(ctx, "this "+why, f.conn.batch())
}

// reach says what p touches that nobody touches without a word: protected hosts,
// or more than so many; "" where that is nothing. Hosts that steps are delegated
// to count as those of tasks. Where it is not known beforehand which these are, it
// may be any of the inventory, and so all of them count.
func (p *program) reach(most int) string {
	hosts, verb, tail := p.touched(), "touches ", ""
	if steps := p.plan.Anywhere; len(steps) > 0 {
		hosts, verb = p.inv.Hosts(), "may touch "
		tail = fmt.Sprintf(", as the hosts of step %s are known only after others have run", steps[0])
		if len(steps) > 1 {
			tail = fmt.Sprintf(", as the hosts of steps %s are known only after others have run", strings.Join(steps, ", "))
		}
	}
	var why []string
	if what := protectedHosts(hosts); what != "" {
		why = append(why, verb+what+", which is protected")
	}
	if len(hosts) > most {
		why = append(why, fmt.Sprintf("%s%s, more than %d", verb, plural(len(hosts), "host"), most))
	}
	if len(why) == 0 {
		return ""
	}
	return strings.Join(why, " and ") + tail
}

// touched are all hosts to which something may be sent, as far as that is known
// beforehand, each once, in natural order.
func (p *program) touched() []*inventory.Host {
	all := p.hosts()
	for _, h := range p.plan.Delegates {
		if !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b *inventory.Host) int { return nodeset.Compare(a.Name, b.Name) })
	return all
}

// summarize says in a line for each task what its plan comes to.
func summarize(w io.Writer, plan *tasks.Plan) {
	for _, t := range plan.Tasks {
		text := fmt.Sprintf("%s: %s on %s: %s%s", term.Clean(t.Name), plural(activeSteps(t), "step"), plural(len(t.Hosts), "host"),
			term.Clean(nodeset.Fold(hostNames(t.Hosts))), rolloutText(t))
		fmt.Fprintln(w, strings.Join(fold(text, lineWidth(w)-4), "\n    "))
	}
}

// rolloutText says how the hosts of a task have their turns; "" where all have
// it at one time.
func rolloutText(t *tasks.Planned) string {
	if t.Rollout == nil {
		return ""
	}
	var parts []string
	for i := 0; i < len(t.Batches); {
		n, same := len(t.Batches[i].Hosts), 1
		for i+same < len(t.Batches) && len(t.Batches[i+same].Hosts) == n && !t.Batches[i].Canary {
			same++
		}
		switch {
		case t.Batches[i].Canary:
			parts = append(parts, fmt.Sprintf("a canary of %d", n))
		case same > 1:
			parts = append(parts, fmt.Sprintf("%d x %d", same, n))
		default:
			parts = append(parts, fmt.Sprint(n))
		}
		i += same
	}
	batches := "1 batch"
	if n := len(t.Batches); n > 1 {
		batches = fmt.Sprintf("%d batches (%s)", n, strings.Join(parts, ", then "))
	}
	return "; " + batches + budgetText(t)
}

// budgetText says when a rollout ends early.
func budgetText(t *tasks.Planned) string {
	switch {
	case t.MaxFailures < 0 && t.MaxUnreachable < 0:
		return ""
	case t.MaxFailures == 0 && t.MaxUnreachable == 0:
		return "; the first host that fails or is unreachable ends it"
	}
	return fmt.Sprintf("; more than %s or %s end it", plural(max(t.MaxFailures, 0), "failed host"), plural(max(t.MaxUnreachable, 0), "unreachable one"))
}

// activeSteps is how many steps of a task are not left out for all hosts.
func activeSteps(t *tasks.Planned) int {
	n := 0
	for _, s := range t.Steps {
		if t.Skip[s] == "" {
			n++
		}
	}
	return n
}
