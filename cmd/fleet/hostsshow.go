package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fleet/internal/term"
	"fleet/inventory"
)

// shownHost is the JSON of "fleet hosts show".
type shownHost struct {
	hostDocument
	Settings []inventory.Row `json:"settings,omitempty"`
}

func newHostsShowCommand(a *app) *cobra.Command {
	var (
		sel     selectionFlags
		conn    connectionFlags
		explain bool
		format  = "text"
	)
	cmd := &cobra.Command{
		Use:   "show [flags] NAME",
		Short: "Show every setting of one host, and where it comes from",
		Long: `Show every setting that counts for one host. With --explain, show the file and
line, the flag or the line of ssh_config that it comes from.`,
		Example: "  fleet hosts show --explain web07",
		Args:    oneHost,
		RunE: func(cmd *cobra.Command, args []string) error {
			inv, err := a.openInventory(cmd.Context(), &sel, &conn)
			if err != nil {
				return err
			}
			hosts, err := a.choose(inv, &sel, inventory.SelectOptions{Hosts: args})
			if err != nil {
				return err
			}
			if len(hosts) != 1 {
				return badUsage("%q is %d hosts; show one", args[0], len(hosts))
			}
			return resolving(cmd.Context(), func(ctx context.Context) error {
				if format == "json" {
					return showJSON(ctx, a.env.stdout, inv, hosts[0], explain)
				}
				return showText(ctx, a.env.stdout, inv, hosts[0], explain)
			})
		},
	}
	fs := newFlagSet()
	fs.BoolVar(&explain, "explain", false, "say where each setting comes from")
	fs.Var(choice(&format, "text", "json"), "format", "`FORMAT`: text or json")
	addFlags(cmd, "What to print", fs)
	addFlags(cmd, "Which inventory", sel.inventoryFlags())
	addFlags(cmd, "How to connect", conn.flags())
	a.completeHost(cmd, &sel)
	completeWords(cmd, "format", "text", "json")
	return cmd
}

// showText writes the settings of h in columns.
func showText(ctx context.Context, w io.Writer, inv *inventory.Inventory, h *inventory.Host, explain bool) error {
	rows, err := inv.Explain(ctx, h)
	if err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	if _, err := fmt.Fprintln(w, h.Name); err != nil {
		return err
	}
	// A few values are long lists: they do not widen the column of the others.
	const most = 32
	var names, values int
	for _, r := range rows {
		names = max(names, len(r.Setting))
		if n := len(r.Value); n <= most {
			values = max(values, n)
		}
	}
	out := bufio.NewWriter(w)
	for _, r := range rows {
		fmt.Fprintf(out, "  %-*s  ", names, term.Clean(r.Setting))
		if explain {
			fmt.Fprintf(out, "%-*s  %s\n", values, term.Clean(r.Value), term.Clean(r.Origin))
		} else {
			fmt.Fprintln(out, term.Clean(r.Value))
		}
	}
	return out.Flush()
}

// showJSON writes h, and with explain its settings, as an object.
func showJSON(ctx context.Context, w io.Writer, inv *inventory.Inventory, h *inventory.Host, explain bool) error {
	d, err := document(ctx, inv, h, 0)
	if err != nil {
		return err
	}
	shown := shownHost{hostDocument: d}
	if explain {
		if shown.Settings, err = inv.Explain(ctx, h); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
	return writeJSON(w, shown)
}

// oneHost wants the name of one host.
func oneHost(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return badUsage("%s takes the name of one host", cmd.CommandPath())
	}
	return nil
}
