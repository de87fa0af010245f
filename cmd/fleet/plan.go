package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"fleet/event"
	"fleet/runner"
	"fleet/transport"
)

// planFlags are those of "fleet plan".
type planFlags struct {
	taskFlags
	limit    limitFlags
	out      string // --out
	detailed bool   // --detailed-exitcode
	format   string // --format
}

// statusChanges is the status of plan --detailed-exitcode where something would
// be done.
const statusChanges = 2

func newPlanCommand(a *app) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan [flags] [TASK...]",
		Short: "Show what tasks would do; hosts are asked, nothing is changed",
		Long: `Show what "fleet apply" would do on which hosts. Hosts are contacted, the guards
of steps are asked (creates, removes, unless, only_if: they only read), and files
that steps would write are compared with what is there, but nothing is changed.
What depends on steps that have not run is "(known after run)".`,
		Example: "  fleet plan deploy -e release=2.4.1 --out deploy.plan\n  fleet apply deploy.plan",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.planCommand(cmd.Context(), &f, args)
		},
	}
	f.format = "text"
	fs := newFlagSet()
	fs.Var(text(&f.out, notEmpty), "out", "save the plan in `FILE`, for fleet apply FILE")
	fs.BoolVar(&f.detailed, "detailed-exitcode", false, "exit with 2 where something would be done, 0 where nothing")
	fs.Var(choice(&f.format, "text", "json"), "format", "`FORMAT` of the plan: text or json")
	addFlags(cmd, "Which steps, on which hosts", f.flags())
	addFlags(cmd, "Which steps, on which hosts", f.sel.narrowing())
	addFlags(cmd, "Which project", f.sel.inventoryFlags())
	addFlags(cmd, "How to connect", f.conn.flags())
	addFlags(cmd, "How to connect", f.becomeFlags())
	addFlags(cmd, "Limits", f.limit.whole())
	addFlags(cmd, "What to print", fs)
	a.completeTasks(cmd, &f.taskFlags)
	completeWords(cmd, "format", "text", "json")
	return cmd
}

// planCommand is "fleet plan".
func (a *app) planCommand(ctx context.Context, f *planFlags, names []string) error {
	fanout, err := f.limit.orDefault(&a.env)
	if err != nil {
		return err
	}
	p, err := a.program(ctx, &f.taskFlags, names)
	if err != nil {
		return err
	}
	hosts := p.hosts()
	asked, err := a.askPasswords(ctx, &f.conn, &f.become, hosts)
	if err != nil {
		return err
	}
	work, err := jobs(ctx, p.inv, hosts, &f.become, asked)
	if err != nil {
		return err
	}
	a.learnPasswords(work)
	var preview *runner.Preview
	way := &reach{app: a, inv: p.inv, become: &f.become, asked: asked}
	x := &execution{app: a, show: &showFlags{format: "text"}, jobs: work, kind: kindPlan}
	err = x.run(ctx, fanout, func(ctx context.Context, t transport.Transport, sink event.Sink) *event.Summary {
		cfg := way.tasks(p, t, sink, fanout)
		cfg.Deadline, cfg.Diff = f.limit.deadline, true
		preview = runner.Look(ctx, cfg)
		return preview.Summary
	})
	var signal *signaled
	if preview == nil || errors.As(err, &signal) { // preview may still be written to
		return err
	}
	doc := describePlan(p, preview)
	if failed := a.showPlan(f, doc); failed != nil {
		return failed
	}
	sums := preview.Summary
	broken := sums.Counts[event.Failed]+sums.Counts[event.Timeout]+sums.Counts[event.Unknown]+sums.Counts[event.Stopped] > 0
	if f.out != "" {
		if sums.Why != event.Completed || broken {
			a.complain(fmt.Errorf("the plan is not saved in %q, as it would not work", f.out))
		} else if err := a.savePlan(ctx, f, p, doc); err != nil {
			return err
		}
	}
	switch {
	case !f.detailed || sums.Why != event.Completed:
		return err
	case err != nil:
		return exit(statusError)
	case doc.Summary.Run+doc.Summary.Later > 0:
		return exit(statusChanges)
	}
	return nil
}

// showPlan prints a plan, without what may not be shown.
func (a *app) showPlan(f *planFlags, doc *planDocument) error {
	var text bytes.Buffer // as one, so that nothing is masked in part
	if f.format == "json" {
		if err := writeJSON(&text, doc); err != nil {
			return err
		}
	} else {
		doc.print(&text)
	}
	_, err := a.redactor.Writer(a.env.stdout).Write(text.Bytes())
	return err
}
