package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/tasks"
)

// approve shows what is going to be done, and asks where that touches protected
// hosts or many.
func (a *app) approve(ctx context.Context, f *applyFlags, p *program) error {
	if !a.global.quiet && f.show.format == "text" {
		summarize(a.env.stderr, p.plan)
	}
	hosts := p.hosts()
	var why []string
	if what := protectedHosts(hosts); what != "" {
		why = append(why, "touches "+what+", which is protected")
	}
	if len(hosts) > f.askAbove {
		why = append(why, fmt.Sprintf("touches %s, more than %d", plural(len(hosts), "host"), f.askAbove))
	}
	if f.confirm && !term.CanAsk() {
		return badUsage("--confirm asks before every step, and there is no terminal to ask on")
	}
	if f.yes || len(why) == 0 {
		return nil
	}
	return a.goOn(ctx, "this "+strings.Join(why, " and "), f.conn.batch())
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
