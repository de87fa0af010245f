package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"fleet/internal/filename"
	"fleet/internal/nodeset"
	"fleet/inventory"
	"fleet/pool/tunnel"
)

func newTunnelUpCommand(a *app) *cobra.Command {
	f := tunnelFlags{onDown: "wait"}
	all := false
	cmd := &cobra.Command{
		Use:   "up [flags] NAME...",
		Short: "Open tunnels of the inventory, and keep them in the background",
		Long: `Open tunnels of the inventory, and return when they can be used: a process in the
background keeps them open, and connects again what is lost, until "fleet tunnel
down". Where some cannot be opened yet, it goes on trying, and the exit status
tells of it; with --wait, none stays open then.`,
		Example: "  fleet tunnel up postgres\n  fleet tunnel up --all --wait=30s",
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.apart(cmd.Context(), true, func() error { return a.tunnelUp(cmd.Context(), &f, names, all) })
		},
	}
	fs := newFlagSet()
	fs.BoolVarP(&all, "all", "a", false, "all tunnels of the inventory")
	addFlags(cmd, "Which tunnels", fs)
	use, forwards := f.useFlags(), f.forwardFlags()
	how := newFlagSet()
	how.AddFlag(use.Lookup("wait"))
	how.AddFlag(forwards.Lookup("gateway"))
	addFlags(cmd, "Which tunnels", f.sel.narrowing())
	addFlags(cmd, "Which tunnels", f.sel.inventoryFlags())
	addFlags(cmd, "How to open them", how)
	addFlags(cmd, "How to connect", f.conn.flags())
	addFlags(cmd, "How to connect", f.atOnce())
	show := newFlagSet()
	f.show.format = "text"
	show.Var(choice(&f.show.format, "text", "json"), "format", "`FORMAT` of the list: text or json")
	addFlags(cmd, "What to print", show)
	a.completeTunnels(cmd, &f)
	completeWords(cmd, "format", "text", "json")
	return cmd
}

// tunnelUp opens the tunnels with these names that are not open in the background yet.
func (a *app) tunnelUp(ctx context.Context, f *tunnelFlags, names []string, all bool) error {
	if len(names) > 0 {
		if err := f.checkWaitTime(names[0]); err != nil {
			return err
		}
		if all {
			return badUsage("--all and %q do not go together", names[0])
		}
	}
	fanout, err := f.limit.orDefault(&a.env)
	if err != nil {
		return err
	}
	inv, err := a.openInventory(ctx, &f.sel, &f.conn)
	if err != nil {
		return err
	}
	if all {
		names = tunnelNames(inv)
	}
	if len(names) == 0 {
		return nothingToKeep(inv)
	}
	plans, err := a.declared(inv, f, names)
	if err != nil {
		return err
	}
	unlock, err := a.lockTunnels(names)
	if err != nil {
		return err
	}
	defer unlock() // in time where it fails; else it is done when the terminal is left
	if plans, err = a.notUp(plans); err != nil || len(plans) == 0 {
		return err
	}
	a.handover.left = unlock
	return a.openPlans(ctx, f, fanout, inv, plans)
}

// lockTunnels makes this process the only one that opens tunnels with these names, until
// unlock: two at one time would not see that the other one does.
func (a *app) lockTunnels(names []string) (unlock func(), err error) {
	dir, err := tunnelDir(&a.env, true)
	if err != nil {
		return nil, err
	}
	var held []*os.File
	unlock = func() {
		for _, f := range held {
			_ = f.Close()
		}
		held = nil
	}
	for _, name := range slices.Sorted(slices.Values(names)) { // in one order, so that nobody waits in a circle
		f, err := os.OpenFile(filepath.Join(dir, filename.Of(name, ".lock")), os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			held = append(held, f)
			err = lockFile(f)
		}
		if err != nil {
			unlock()
			return nil, err
		}
	}
	return unlock, nil
}

// nothingToKeep is the error for "fleet tunnel up" without a name.
func nothingToKeep(inv *inventory.Inventory) error {
	names := tunnelNames(inv)
	if len(names) == 0 {
		return &usageError{err: badUsage("the inventory has no tunnel block"), hint: "without one, in the foreground: fleet tunnel -w HOST -L PORT:HOST:PORT"}
	}
	return &usageError{err: badUsage("no tunnel is named"), hint: "the inventory has " + plainList(names) + "; all of them are --all"}
}

// notUp is plans without those that are open in the background already, of which the
// user is told. A block is open as a whole, or not at all: who wants other
// hosts has to say which of the two is meant.
func (a *app) notUp(plans []tunnelPlan) ([]tunnelPlan, error) {
	processes, silent, err := tunnelProcesses(&a.env)
	if err == nil && len(silent) > 0 {
		err = silentError("so it is not known which tunnels are open", silent)
	}
	if err != nil {
		return nil, err
	}
	up, pids := map[string][]string{}, map[string]int{}
	for _, p := range processes {
		for i := range p.list {
			if s := &p.list[i]; s.Background {
				up[s.Name], pids[s.Name] = append(up[s.Name], s.Host), s.PID
			}
		}
	}
	var order []string
	wanted := map[string][]string{}
	for i := range plans {
		p := &plans[i]
		if wanted[p.name] == nil {
			order = append(order, p.name)
		}
		wanted[p.name] = append(wanted[p.name], p.host.Name)
	}
	for _, name := range order {
		open := up[name]
		missing := slices.DeleteFunc(slices.Clone(wanted[name]), func(h string) bool { return slices.Contains(open, h) })
		switch {
		case len(open) == 0:
		case len(missing) > 0:
			return nil, fmt.Errorf("%q is up already, on %s and not on %s; hint: fleet tunnel down %s closes it, to open it again",
				name, nodeset.Fold(open), nodeset.Fold(missing), name)
		case !a.global.quiet:
			fmt.Fprintf(a.env.stderr, "%s is up already, on %s, held by process %d.\n", name, nodeset.Fold(open), pids[name])
		}
	}
	return slices.DeleteFunc(plans, func(p tunnelPlan) bool { return len(up[p.name]) > 0 }), nil
}

// background reports whether the tunnels are kept in the background.
func (t *tunneling) background() bool { return t.app.handover != nil }

// keep lets tunnels that are shown go on by themselves, and waits for their end.
func (t *tunneling) keep(ctx context.Context) error {
	list := t.set.Status()
	status := 0
	if slices.ContainsFunc(list, func(s tunnel.Status) bool { return s.State != tunnel.StateReady }) {
		status = tunnelsStatus(list)
		t.print(new(newsReport).lines(list, time.Now()))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := t.app.handover.leave(status); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.news.lost:
		return exit(tunnelsStatus(t.set.Status()))
	}
}

var errNobodyAsked = errors.New("nobody is asked, as the tunnel is kept in the background")
