package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newValidateCommand(a *app) *cobra.Command {
	var (
		sel    selectionFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "validate [flags] [PATH...]",
		Short: "Check an inventory, offline",
		Long: `Check inventories and report everything that is wrong with them at once, each
with its place. Nothing is contacted. PATH is a file or a folder, as with -i.`,
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
			}
			if asJSON {
				if err := a.masked(found).WriteJSON(a.env.stdout); err != nil || !found.HasErrors() {
					return err
				}
				return exit(statusError)
			}
			if err := a.diagnose(found); err != nil || a.global.quiet {
				return err
			}
			_, err = fmt.Fprintf(a.env.stdout, "Valid: %s in %s.\n",
				plural(len(inv.Hosts()), "host"), plural(len(inv.Groups()), "group"))
			return err
		},
	}
	addFlags(cmd, "Which inventory", sel.inventoryFlags())
	fs := newFlagSet()
	fs.BoolVar(&asJSON, "json", false, "print what was found as a JSON object, as terraform validate does")
	addFlags(cmd, "What to print", fs)
	return cmd
}

// plural is n things: "1 host", "2 hosts".
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
