package main

import (
	"io"
	"math/rand/v2"

	"github.com/spf13/pflag"

	"fleet/internal/lang"
	"fleet/internal/nodeset"
	"fleet/inventory"
)

// selectionFlags say which hosts, and where their names come from.
type selectionFlags struct {
	inventories []string      // -i
	vars        []lang.VarArg // -e and --var-file, in the order given

	hosts   []string // -w: patterns, ^FILE, or - for stdin
	groups  []string // -g
	all     bool     // -a
	exclude []string // -x
	limit   []string // --limit
	pick    string   // --pick: a number or a percentage
	seed    *uint64  // --seed; nil where it is not given
	expect  int      // --expect-hosts; -1 where it is not given
	failed  string   // --failed: a run, or lastRun
}

// inventoryFlags declares those that say where hosts come from.
func (f *selectionFlags) inventoryFlags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.VarP(texts(&f.inventories, notAKey), "inventory", "i", "inventory `PATH`, a file or a folder; repeatable (default: *.fleet.hcl here)")
	fs.VarP(f.variable(func(s string) (lang.VarArg, error) {
		return lang.VarArg{Assign: s}, assignment(s)
	}), "var", "e", "`NAME=VALUE` for a variable of the inventory; repeatable")
	fs.Var(f.variable(func(s string) (lang.VarArg, error) {
		return lang.VarArg{File: s}, notEmpty(s)
	}), "var-file", "`FILE` with values for variables; repeatable")
	return fs
}

// flags declares those that select.
func (f *selectionFlags) flags() *pflag.FlagSet {
	f.expect = -1
	fs := newFlagSet()
	fs.VarP(texts(&f.hosts, nil), "hosts", "w", "the hosts of `PATTERN`, such as 'web[01-20]', '@web!web07'; ^FILE or - reads a list")
	fs.VarP(texts(&f.groups, nil), "group", "g", "the hosts of a group, by its `NAME`; repeatable")
	fs.BoolVarP(&f.all, "all", "a", false, "all hosts of the inventory")
	fs.VarP(texts(&f.exclude, nil), "exclude", "x", "but not those of `PATTERN`")
	fs.Var(texts(&f.limit, nil), "limit", "only those that are also in `PATTERN`")
	fs.Var(text(&f.pick, checkPick), "pick", "only `N` of them, or N%, taken at random")
	fs.Var(seed(&f.seed), "seed", "the same `NUMBER` makes --pick take the same hosts")
	fs.Var(count(&f.expect, 0, ""), "expect-hosts", "refuse to go on unless exactly `N` hosts are selected")
	fs.Var(text(&f.failed, notEmpty), "failed", "the hosts that failed or were unreachable in `RUN` (default: the last one)")
	fs.Lookup("failed").NoOptDefVal = lastRun
	return fs
}

// narrowing declares those that narrow what something else selects.
func (f *selectionFlags) narrowing() *pflag.FlagSet {
	all, fs := f.flags(), newFlagSet()
	for _, name := range []string{"limit", "exclude", "failed", "pick", "seed", "expect-hosts"} {
		fs.AddFlag(all.Lookup(name))
	}
	return fs
}

// variable is a flag that adds to vars; what is given last wins, so -e and
// --var-file share one list.
func (f *selectionFlags) variable(read func(string) (lang.VarArg, error)) pflag.Value {
	return &textValue{
		list: true,
		set: func(s string) error {
			arg, err := read(s)
			if err == nil {
				f.vars = append(f.vars, arg)
			}
			return err
		},
		text: func() string { return "" },
	}
}

// given reports whether any flag names hosts.
func (f *selectionFlags) given() bool {
	return len(f.hosts) > 0 || len(f.groups) > 0 || f.all
}

// selects reports whether any flag says where to begin.
func (f *selectionFlags) selects() bool { return f.given() || f.failed != "" }

// options are the flags as package inventory takes them.
func (f *selectionFlags) options(stdin io.Reader) inventory.SelectOptions {
	return inventory.SelectOptions{
		Hosts: f.hosts, Groups: f.groups, All: f.all,
		Exclude: f.exclude, Limit: f.limit, Pick: f.pick, Seed: f.seed,
		Stdin: stdin,
	}
}

// settle makes a random choice one that can be made again.
func (f *selectionFlags) settle() {
	if f.pick != "" && f.seed == nil {
		n := rand.Uint64()
		f.seed = &n
	}
}

// check refuses another number of hosts than --expect-hosts says.
func (f *selectionFlags) check(hosts []*inventory.Host) error {
	if f.expect < 0 || len(hosts) == f.expect {
		return nil
	}
	are := "are"
	if len(hosts) == 1 {
		are = "is"
	}
	return badUsage("%s %s selected (%s), and --expect-hosts says %d", plural(len(hosts), "host"), are, brief(hosts), f.expect)
}

// brief folds the names of hosts for a message.
func brief(hosts []*inventory.Host) string {
	const most = 200
	s := nodeset.Fold(hostNames(hosts))
	if len(s) > most {
		s = s[:most] + "..."
	}
	return s
}

// hostNames are the names of hosts.
func hostNames(hosts []*inventory.Host) []string {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	return names
}
