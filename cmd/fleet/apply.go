package main

import (
	"context"
	"fmt"
	"os"
	"os/user"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fleet/event"
	"fleet/inventory"
	"fleet/inventory/facts"
	"fleet/journal"
	"fleet/runner"
	"fleet/transport"
)

// applyFlags are those of "fleet apply".
type applyFlags struct {
	taskFlags
	limit limitFlags
	show  showFlags
	back  detachFlags

	yes      bool // -y
	confirm  bool // --confirm
	askAbove int  // --ask-above
}

// defaultAskAbove is how many hosts apply touches without asking.
const defaultAskAbove = 50

func (f *applyFlags) flags() *pflag.FlagSet {
	f.askAbove = defaultAskAbove
	fs := newFlagSet()
	fs.BoolVarP(&f.yes, "yes", "y", false, "answer yes where a confirmation is asked for")
	fs.Var(count(&f.askAbove, 0, ""), "ask-above", "ask before more than `N` hosts are touched")
	fs.BoolVar(&f.confirm, "confirm", false, "ask before every step")
	return fs
}

func newApplyCommand(a *app) *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use:   "apply [flags] [TASK...]",
		Short: "Carry out tasks from the task files",
		Long: `Carry out tasks, with all that they depend on. Without TASK it is the only one
that no other depends on. TASK may also be a file of "fleet plan --out": it is
carried out only where nothing has changed since. Every run is recorded; "fleet
runs resume" goes on with what failed or was not reached.`,
		Example: "  fleet apply deploy -e release=2.4.1 --limit 'web[01-10]'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.apart(cmd.Context(), f.back.detach, func() error {
				if file := planArgument(args); file != "" {
					return a.applyFile(cmd.Context(), file)
				}
				return a.applyCommand(cmd.Context(), &f, args)
			})
		},
	}
	addFlags(cmd, "Which steps, on which hosts", f.taskFlags.flags())
	addFlags(cmd, "Which steps, on which hosts", f.sel.narrowing())
	addFlags(cmd, "Which project", f.sel.inventoryFlags())
	addFlags(cmd, "What to ask", f.flags())
	addFlags(cmd, "What to ask", f.becomeFlags())
	addFlags(cmd, "How to connect", f.conn.flags())
	addFlags(cmd, "Limits", f.limit.whole())
	addFlags(cmd, "What to show", f.back.flags())
	addFlags(cmd, "What to show", f.show.forTasks())
	a.completeTasks(cmd, &f.taskFlags)
	completeWords(cmd, "format", formats...)
	return cmd
}

// applyCommand is "fleet apply": everything is checked, and asked for, before the
// first packet.
func (a *app) applyCommand(ctx context.Context, f *applyFlags, names []string) error {
	if err := f.show.check(); err != nil {
		return err
	}
	if f.show.gather == "line" {
		return badUsage("--gather=line is for single commands; steps are shown one by one: -b")
	}
	if err := f.back.check(a, &f.show); err != nil {
		return err
	}
	fanout, err := f.limit.orDefault(&a.env)
	if err != nil {
		return err
	}
	p, err := a.program(ctx, &f.taskFlags, names)
	if err != nil {
		return err
	}
	if err := a.checkSaved(ctx, p); err != nil {
		return err
	}
	if err := f.checkQuestions(p); err != nil {
		return err
	}
	hosts := p.hosts()
	memory, err := a.memory(ctx, f, p)
	if err != nil {
		return err
	}
	if err := a.approve(ctx, f, p); err != nil {
		return err
	}
	asked, err := a.askPasswords(ctx, &f.conn, &f.become, hosts)
	if err != nil {
		return err
	}
	if err := resolving(ctx, p.plan.Resolve); err != nil {
		return err
	}
	work, err := jobs(ctx, p.inv, hosts, &f.become, asked)
	if err != nil {
		return err
	}
	a.learnPasswords(work)
	a.redactor.Add(p.plan.Secrets()...)
	x := &execution{app: a, show: &f.show, jobs: work, kind: kindApply, cleanup: runner.NewCleanup()}
	x.begin = func() (*record, error) {
		r, err := a.newRecord(p.meta(ctx), &f.sel, p.inv)
		if err != nil {
			err = unrecorded(err)
		}
		return r, err
	}
	way := &reach{app: a, inv: p.inv, become: &f.become, asked: asked}
	return x.run(ctx, fanout, func(ctx context.Context, t transport.Transport, sink event.Sink) *event.Summary {
		cfg := way.tasks(p, t, sink, fanout)
		cfg.Deadline, cfg.Memory, cfg.StepByStep = f.limit.deadline, memory, f.confirm
		cfg.Diff = f.show.diff
		cfg.Owner, cfg.Ask, cfg.Cleanup = owner(&a.env, x.record.id()), x.ask(f), x.cleanup
		return runner.Apply(ctx, cfg)
	})
}

// meta is what the journal keeps of the plan.
func (p *program) meta(ctx context.Context) journal.Meta {
	m := journal.Meta{Kind: journal.KindApply, Command: "apply " + p.title(), Hosts: hostNames(p.hosts()), Inputs: p.inputs(ctx)}
	for _, t := range p.plan.Tasks {
		m.Tasks = append(m.Tasks, t.Name)
	}
	return m
}

// owner is who holds a lock, as somebody else is told.
func owner(e *env, run string) string {
	name := e.value("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown machine"
	}
	if run == "" { // it is not recorded
		return fmt.Sprintf("%s at %s", name, host)
	}
	return fmt.Sprintf("%s at %s, run %s", name, host, run)
}

// A reach is how tasks reach hosts, and become users there.
type reach struct {
	app    *app
	inv    *inventory.Inventory
	become *becomeFlags
	asked  passwords
}

// tasks is what a plan is looked at with, and carried out.
func (r *reach) tasks(p *program, t transport.Transport, sink event.Sink, fanout int) *runner.Tasks {
	return &runner.Tasks{
		Plan:      p.plan,
		Transport: t,
		Local:     transport.Local{},
		Sink:      sink,
		Title:     p.title(),
		Fanout:    fanout,
		Target:    r.target,
		Become:    r.user,
		Facts:     facts.New(facts.Config{Transport: t, Fanout: fanout}),
		Learn:     r.app.redactor.Add,
	}
}

// target says how to reach h.
func (r *reach) target(ctx context.Context, h *inventory.Host) (transport.Target, error) {
	t, err := r.inv.Target(ctx, h)
	if r.asked.login.IsSet() {
		t.Login.Password = r.asked.login
	}
	r.app.learnPasswords([]runner.Job{{Host: h.Name, Target: t}}) // a step may be delegated to any host
	return t, err
}

// user says how a command on h becomes name, or where that is empty the user that
// the connection says. It is nil for the login user.
func (r *reach) user(ctx context.Context, h *inventory.Host, name string) (*transport.Become, error) {
	flags := *r.become
	flags.user = name
	b, err := flags.resolve(ctx, r.inv, h, r.asked.become)
	if b != nil {
		r.app.redactor.Add(b.Password.Reveal())
	}
	return b, err
}
