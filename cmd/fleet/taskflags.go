package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"fleet/internal/lang"
	"fleet/internal/nodeset"
	"fleet/inventory"
	"fleet/pool/transfer"
	"fleet/tasks"
)

// taskFlags are those of plan and apply: which tasks, which of their steps, and on
// which of their hosts.
type taskFlags struct {
	sel     selectionFlags
	conn    connectionFlags
	become  becomeFlags // -K alone: the tasks say what runs as whom
	only    []string    // --only
	skip    []string    // --skip
	startAt string      // --start-at
}

func (f *taskFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.Var(texts(&f.only, hasTag), "only", "only steps with one of the `TAGS`, separated by commas")
	fs.Var(texts(&f.skip, hasTag), "skip", "no steps with one of the `TAGS`, separated by commas")
	fs.Var(text(&f.startAt, notEmpty), "start-at", "leave out what comes before `STEP`, or TASK.STEP")
	return fs
}

func (f *taskFlags) becomeFlags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.BoolVarP(&f.become.askPass, "ask-become-pass", "K", false, "ask for the sudo password, once")
	return fs
}

// options are the flags as package tasks takes them.
func (f *taskFlags) options(names []string, narrow func(string) ([]*inventory.Host, error)) tasks.Options {
	return tasks.Options{Names: names, Narrow: narrow, Only: byComma(f.only), Skip: byComma(f.skip), StartAt: f.startAt, Exclude: transfer.CheckExclude}
}

// hasTag refuses a list of nothing.
func hasTag(s string) error {
	if len(byComma([]string{s})) == 0 {
		return wrong("is not a list of tags, as in a,b", "")
	}
	return nil
}

// byComma splits every element at its commas.
func byComma(list []string) []string {
	var out []string
	for _, s := range list {
		for word := range strings.SplitSeq(s, ",") {
			if word = strings.TrimSpace(word); word != "" {
				out = append(out, word)
			}
		}
	}
	return out
}

// A program is a plan with the inventory that it was made from.
type program struct {
	inv  *inventory.Inventory
	set  *tasks.Set
	plan *tasks.Plan
	sums map[string]string // of what it copies, by name; nil before they are taken
}

// hosts are all hosts of the plan, each once, in natural order.
func (p *program) hosts() []*inventory.Host {
	var all []*inventory.Host
	seen := map[*inventory.Host]bool{}
	for _, t := range p.plan.Tasks {
		for _, h := range t.Hosts {
			if !seen[h] {
				seen[h] = true
				all = append(all, h)
			}
		}
	}
	slices.SortFunc(all, func(a, b *inventory.Host) int { return nodeset.Compare(a.Name, b.Name) })
	return all
}

// title names the tasks of the plan.
func (p *program) title() string {
	names := make([]string, len(p.plan.Tasks))
	for i, t := range p.plan.Tasks {
		names[i] = t.Name
	}
	return strings.Join(names, ", ")
}

// program reads the project and plans the named tasks, offline.
func (a *app) program(ctx context.Context, f *taskFlags, names []string) (*program, error) {
	inv, err := a.openInventory(ctx, &f.sel, &f.conn)
	if err != nil {
		return nil, err
	}
	if inv.Open() {
		return nil, &usageError{err: errors.New("there are no task files"), hint: "go where *.fleet.hcl files are, or give -i PATH"}
	}
	set, found := tasks.Load(inv)
	if found.HasErrors() {
		return nil, a.refuseInventory(&f.sel, found)
	}
	if err := a.warn(found); err != nil {
		return nil, err
	}
	narrow, err := a.narrow(inv, &f.sel)
	if err != nil {
		return nil, err
	}
	plan, found, err := set.Plan(f.options(names, narrow))
	if err != nil {
		return nil, &usageError{err: err}
	}
	if err := a.warn(found); err != nil {
		return nil, err
	}
	p := &program{inv: inv, set: set, plan: plan}
	a.redactor.Add(plan.Secrets()...)
	return p, f.sel.check(p.hosts())
}

// warn shows what was found; with -q only where it is an error, which it returns.
func (a *app) warn(found lang.Diagnostics) error {
	if a.global.quiet && !found.HasErrors() {
		return nil
	}
	return a.diagnose(found)
}

// narrow selects the hosts of a task: its own pattern, and what the flags leave
// of it.
func (a *app) narrow(inv *inventory.Inventory, sel *selectionFlags) (func(pattern string) ([]*inventory.Host, error), error) {
	sel.settle()
	if err := a.addFailed(sel); err != nil {
		return nil, err
	}
	var keep []map[*inventory.Host]bool // a host has to be in each
	for _, limit := range []struct {
		flag     string
		patterns []string
	}{{"--limit", sel.limit}, {"--failed", sel.hosts}} {
		for _, pattern := range limit.patterns {
			hosts, err := members(inv, pattern)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", limit.flag, err)
			}
			keep = append(keep, hosts)
		}
	}
	var leave []map[*inventory.Host]bool
	for _, pattern := range sel.exclude {
		hosts, err := members(inv, pattern)
		if err != nil {
			return nil, fmt.Errorf("--exclude: %w", err)
		}
		leave = append(leave, hosts)
	}
	return func(pattern string) ([]*inventory.Host, error) {
		hosts, err := inv.Select(inventory.SelectOptions{Hosts: []string{pattern}})
		if err != nil {
			return nil, err
		}
		hosts = slices.DeleteFunc(slices.Clone(hosts), func(h *inventory.Host) bool {
			has := func(set map[*inventory.Host]bool) bool { return set[h] }
			hasNot := func(set map[*inventory.Host]bool) bool { return !set[h] }
			return slices.ContainsFunc(keep, hasNot) || slices.ContainsFunc(leave, has)
		})
		if sel.pick == "" || len(hosts) == 0 {
			return hosts, nil
		}
		return inv.Select(inventory.SelectOptions{Hosts: hostNames(hosts), Pick: sel.pick, Seed: sel.seed})
	}, nil
}

// members are the hosts that a pattern means.
func members(inv *inventory.Inventory, pattern string) (map[*inventory.Host]bool, error) {
	hosts, err := inv.Select(inventory.SelectOptions{Hosts: []string{pattern}})
	out := map[*inventory.Host]bool{}
	for _, h := range hosts {
		out[h] = true
	}
	return out, err
}
