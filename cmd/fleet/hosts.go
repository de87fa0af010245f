package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fleet/internal/nodeset"
	"fleet/inventory"
)

// hostsFlags say how "fleet hosts" prints.
type hostsFlags struct {
	fold, expand, count bool
	format              string
}

func newHostsCommand(a *app) *cobra.Command {
	var (
		sel  selectionFlags
		show hostsFlags
	)
	cmd := &cobra.Command{
		Use:   "hosts [flags] [PATTERN...]",
		Short: "List, fold, expand and count hosts, offline",
		Long: `List the hosts of PATTERN, or all of the inventory, one name a line. Nothing is
contacted. Without an inventory the pattern alone is the set, so this does what
nodeset -e, -f and -c do. With - as PATTERN, names are read from standard input.`,
		Example: "  fleet hosts --fold '@web!web07'\n  fleet hosts --count 'n[001-128]'",
		RunE: func(cmd *cobra.Command, args []string) error {
			sel.hosts = append(sel.hosts, args...)
			return a.listHosts(cmd.Context(), &sel, &show)
		},
	}
	show.format = "text"
	fs := newFlagSet()
	fs.BoolVar(&show.fold, "fold", false, "print one folded expression")
	fs.BoolVar(&show.expand, "expand", false, "print the names on one line")
	fs.BoolVar(&show.count, "count", false, "print how many")
	fs.Var(choice(&show.format, "text", "json"), "format", "`FORMAT` of the list: text or json")
	addFlags(cmd, "What to print", fs)
	addFlags(cmd, "Which hosts", sel.inventoryFlags())
	addFlags(cmd, "Which hosts", sel.flags())
	a.completeHosts(cmd, &sel)
	completeWords(cmd, "format", "text", "json")
	cmd.AddCommand(newHostsShowCommand(a))
	return cmd
}

// checkExclusive refuses two ways of printing at one time.
func (f *hostsFlags) checkExclusive() error {
	n := 0
	for _, on := range []bool{f.fold, f.expand, f.count, f.format == "json"} {
		if on {
			n++
		}
	}
	if n > 1 {
		return badUsage("--fold, --expand, --count and --format json do not go together: choose one")
	}
	return nil
}

// print writes names as the flags say.
func (f *hostsFlags) print(w io.Writer, names []string) error {
	var err error
	switch {
	case f.fold:
		_, err = fmt.Fprintln(w, nodeset.Fold(names))
	case f.expand:
		_, err = fmt.Fprintln(w, strings.Join(names, " "))
	case f.count:
		_, err = fmt.Fprintln(w, len(names))
	default:
		out := bufio.NewWriterSize(w, 64<<10)
		for _, n := range names {
			if _, err := fmt.Fprintln(out, n); err != nil {
				return err
			}
		}
		err = out.Flush()
	}
	return err
}

// hostDocument is a host in the JSON of "fleet hosts".
type hostDocument struct {
	Name    string            `json:"name"`
	Address string            `json:"address"`
	Groups  []string          `json:"groups"`
	Labels  map[string]string `json:"labels"`
	Vars    map[string]any    `json:"vars"`
}

// document tells about h, which has the place index in the selection. Its address is the one that will be dialed, which
// ssh_config may decide.
func document(ctx context.Context, inv *inventory.Inventory, h *inventory.Host, index int) (hostDocument, error) {
	target, err := inv.Target(ctx, h)
	if err != nil {
		return hostDocument{}, fmt.Errorf("%s: %w", h.Name, err)
	}
	return hostDocument{
		Name: h.Name, Address: cmp.Or(target.Address, h.Name),
		Groups: h.Groups(), Labels: h.Labels(), Vars: inv.Vars(h, index),
	}, nil
}

// writeJSON writes v for programs, and for people who look at it.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// listHosts is "fleet hosts".
func (a *app) listHosts(ctx context.Context, sel *selectionFlags, show *hostsFlags) error {
	if err := show.checkExclusive(); err != nil {
		return err
	}
	inv, err := a.openInventory(ctx, sel, nil)
	if err == nil {
		err = a.addFailed(sel)
	}
	if err != nil {
		return err
	}
	if !sel.given() {
		if inv.Open() {
			return &usageError{err: errors.New("no hosts are named, and no inventory is loaded"), hint: "give a PATTERN, or -i PATH"}
		}
		sel.all = true
	}
	hosts, err := a.choose(inv, sel, sel.options(a.env.stdin))
	if err == nil {
		err = sel.check(hosts)
	}
	if err != nil {
		return err
	}
	if show.format != "json" {
		return show.print(a.env.stdout, hostNames(hosts))
	}
	docs := make([]hostDocument, len(hosts))
	err = resolving(ctx, func(ctx context.Context) (err error) {
		for i, h := range hosts {
			if docs[i], err = document(ctx, inv, h, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return writeJSON(a.env.stdout, docs)
}
