package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fleet/internal/lang"
	"fleet/inventory"
	"fleet/pool/transfer"
	"fleet/tasks"
)

func newValidateCommand(a *app) *cobra.Command {
	var (
		sel    selectionFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "validate [flags] [PATH...]",
		Short: "Check an inventory, its tasks and tunnels, offline",
		Long: `Check inventories, and the tasks and tunnels in them, and report everything that
is wrong with them at once, each with its place. Nothing is contacted. PATH is a file or a
folder, as with -i.`,
		Example: "  fleet validate -i production/",
		RunE: func(cmd *cobra.Command, args []string) error {
			sel.inventories = append(sel.inventories, args...)
			inv, found, err := a.load(cmd.Context(), &sel, nil)
			switch {
			case err != nil:
				return err
			case inv.Open():
				return &usageError{err: fmt.Errorf("there is no inventory to check"), hint: "give a PATH, or go where *.fleet.hcl files are"}
			}
			if !found.HasErrors() {
				found = append(found, inv.Check(inv.Hosts())...)
				found = append(found, inv.CheckTunnels()...)
			}
			set, more, err := checkTasks(inv, !found.HasErrors())
			if err != nil {
				return err
			}
			found = append(found, more...)
			if asJSON {
				if err := a.masked(found).WriteJSON(a.env.stdout); err != nil || !found.HasErrors() {
					return err
				}
				return exit(statusError)
			}
			if err := a.diagnose(found); err != nil || a.global.quiet {
				return err
			}
			text := fmt.Sprintf("Valid: %s in %s", plural(len(inv.Hosts()), "host"), plural(len(inv.Groups()), "group"))
			if n := len(set.Tasks()); n > 0 {
				text += ", " + plural(n, "task")
			}
			if n := len(inv.Tunnels()); n > 0 {
				text += ", " + plural(n, "tunnel")
			}
			_, err = fmt.Fprintln(a.env.stdout, text+".")
			return err
		},
	}
	addFlags(cmd, "Which inventory", sel.inventoryFlags())
	fs := newFlagSet()
	fs.BoolVar(&asJSON, "json", false, "print what was found as a JSON object, as terraform validate does")
	addFlags(cmd, "What to print", fs)
	return cmd
}

// checkTasks reads the tasks of an inventory. Where that is sound, it looks at them
// on all of their hosts.
func checkTasks(inv *inventory.Inventory, sound bool) (*tasks.Set, lang.Diagnostics, error) {
	set, found := tasks.Load(inv)
	if !sound || found.HasErrors() || len(set.Tasks()) == 0 {
		return set, found, nil
	}
	all := tasks.Options{Unvalued: true, Exclude: transfer.CheckExclude}
	for _, t := range set.Tasks() {
		all.Names = append(all.Names, t.Name)
	}
	_, more, err := set.Plan(all)
	return set, append(found, more...), err
}

// plural is n things: "1 host", "2 hosts".
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
