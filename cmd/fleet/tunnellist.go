package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"fleet/internal/lang"
	"fleet/internal/nodeset"
	"fleet/inventory"
)

func newTunnelListCommand(a *app) *cobra.Command {
	var sel selectionFlags
	format := "text"
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List open tunnels, and those of the inventory",
		Long: `List every tunnel that you have open on this machine, whichever "fleet tunnel"
holds it, and the tunnels of the inventory that are closed. Those that steps of
tasks open, which end with their task, are not listed.`,
		Example: "  fleet tunnel list\n  fleet tunnel list --format json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, whole, err := a.listTunnels(cmd.Context(), &sel)
			if err != nil {
				return err
			}
			switch {
			case format == "json":
				return writeJSON(a.env.stdout, list)
			case len(list) == 0:
				if whole && !a.global.quiet {
					fmt.Fprintln(a.env.stderr, "No tunnel is open. To open one: fleet tunnel -w HOST -L PORT:HOST:PORT")
				}
				return nil
			default:
				return writeStates(a.env.stdout, list, lineWidth(a.env.stdout))
			}
		},
	}
	fs := newFlagSet()
	fs.Var(choice(&format, "text", "json"), "format", "`FORMAT` of the list: text or json")
	addFlags(cmd, "What to print", fs)
	addFlags(cmd, "Which inventory", sel.inventoryFlags())
	completeWords(cmd, "format", "text", "json")
	return cmd
}

// listTunnels are those that are open, and then those of the inventory that are
// not. Where not all that are open are known, the user is told, and it is not the
// whole list.
func (a *app) listTunnels(ctx context.Context, sel *selectionFlags) (list []tunnelState, whole bool, err error) {
	inv, err := a.openInventory(ctx, sel, nil)
	if err != nil {
		return nil, false, err
	}
	list, silent, err := openTunnels(&a.env)
	if err != nil {
		a.complain(fmt.Errorf("warning: open tunnels are not listed: %w", err))
	}
	if len(silent) > 0 {
		a.complain(fmt.Errorf("warning: %w", silentError("so its open tunnels are not listed", silent)))
	}
	whole = err == nil && len(silent) == 0
	type key struct{ name, host string }
	open := map[key]bool{}
	for i := range list {
		open[key{list[i].Name, list[i].Host}] = true
	}
	closed, found := closedTunnels(inv)
	for _, s := range closed {
		if !open[key{s.Name, s.Host}] {
			list = append(list, s)
		}
	}
	if list == nil {
		list = []tunnelState{} // JSON: an array all the same
	}
	return list, whole, a.warn(found)
}

// silentError says of processes that did not answer what comes of it.
func silentError(so string, pids []string) error {
	process := "process"
	if len(pids) > 1 {
		process = "processes"
	}
	return fmt.Errorf("fleet (%s %s) did not answer, %s; hint: where Ctrl-Z stopped it: kill -CONT %s",
		process, plainList(pids), so, strings.Join(pids, " "))
}

// closedTunnels are the tunnels of the inventory, as they are when nobody has
// opened them.
func closedTunnels(inv *inventory.Inventory) (list []tunnelState, found lang.Diagnostics) {
	for _, t := range inv.Tunnels() {
		forwards, wrong := t.Bind(nil)
		found = append(found, wrong...)
		for _, f := range forwards {
			list = append(list, tunnelState{tunnelDocument: tunnelDocument{
				Name: t.Name, Host: f.Host.Name, Kind: f.Rule.Kind.String(), Listen: f.Rule.Listen.String(),
				Target: targetText(f.Rule), State: "closed",
			}})
		}
	}
	return list, found
}

// writeStates writes the table for people. Where it does not fit into width,
// columns in which nothing stands are left out.
func writeStates(w io.Writer, list []tunnelState, width int) error {
	rows := [][]string{{"NAME", "HOST", "KIND", "LISTEN", "TARGET", "STATE", "CONNS", "IN", "OUT", "RTT", "LAST ERROR"}}
	for _, s := range foldStates(list) {
		conns, in, out, rtt := "-", "-", "-", "-"
		if s.PID != 0 {
			conns, in, out = strconv.FormatInt(s.Connections, 10), size(s.Received), size(s.Sent)
		}
		if s.RTT > 0 {
			rtt = fmt.Sprintf("%.3g ms", s.RTT)
		}
		rows = append(rows, []string{
			orDash(s.Name), s.Host, s.Kind, orDash(s.Listen), orDash(s.Target), s.State,
			conns, in, out, rtt, orDash(oneLine(cmp.Or(s.Error, s.LastError), 60)),
		})
	}
	if tableWidth(rows) > width {
		leaveOutEmpty(rows)
	}
	t := newTable(w)
	for _, row := range rows {
		t.row(row...)
	}
	return t.Flush()
}

// tableWidth is how wide rows are in columns.
func tableWidth(rows [][]string) int {
	const between = 2
	total := -between
	for column := range rows[0] {
		widest := 0
		for _, row := range rows {
			widest = max(widest, utf8.RuneCountInString(row[column]))
		}
		total += widest + between
	}
	return total
}

// leaveOutEmpty takes the columns away in which no row has anything.
func leaveOutEmpty(rows [][]string) {
	for column := len(rows[0]) - 1; column >= 0; column-- {
		if slices.ContainsFunc(rows[1:], func(row []string) bool { return row[column] != "-" }) {
			continue
		}
		for i, row := range rows {
			rows[i] = slices.Delete(row, column, column+1)
		}
	}
}

// foldStates puts closed tunnels together that differ in nothing but the host.
func foldStates(list []tunnelState) []tunnelState {
	var out []tunnelState
	hosts := map[tunnelState][]string{}
	for _, s := range list {
		host := s.Host
		if s.PID == 0 {
			s.Host = ""
		}
		if hosts[s] == nil || s.PID != 0 {
			out = append(out, s)
		}
		hosts[s] = append(hosts[s], host)
	}
	for i, s := range out {
		if s.PID == 0 {
			out[i].Host = nodeset.Fold(hosts[s])
		}
	}
	return out
}

// size is a number of bytes as people read it.
func size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, units := float64(n)/unit, "kMGTPE"
	for f >= unit*0.9995 && len(units) > 1 {
		f, units = f/unit, units[1:]
	}
	return fmt.Sprintf("%.3g %cB", f, units[0])
}
