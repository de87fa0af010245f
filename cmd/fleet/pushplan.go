package main

import (
	"context"
	"os"
	"slices"
	"strings"

	"fleet/inventory"
	"fleet/pool/transfer"
)

// push is "fleet push".
func (a *app) push(ctx context.Context, f *pushFlags, args []string) error {
	if err := f.checkArgs(args); err != nil {
		return err
	}
	if err := f.check(args); err != nil {
		return err
	}
	locals, remote := args[:len(args)-1], args[len(args)-1]
	return a.transfer(ctx, &transferJob{
		flags: &f.transferFlags, kind: kindPush, words: args,
		plan: func(hosts []*inventory.Host, m *transfer.Meter) (shipment, error) {
			p := &pushPlan{flags: f, options: f.options(m)}
			for _, local := range locals {
				p.parcels = append(p.parcels, &parcel{plan: p, local: local, remote: remote})
			}
			err := p.look(hosts, remote)
			if err == nil {
				err = p.open()
			}
			if err != nil {
				p.close()
				return nil, err
			}
			return p, nil
		},
	})
}

// checkArgs finds what is wrong with the words alone.
func (f *pushFlags) checkArgs(args []string) error {
	const example = "fleet push -w web01 app.tgz /opt/"
	switch {
	case len(args) == 0:
		return &usageError{err: badUsage("there is nothing to push"), hint: "what goes to the hosts, and where it goes there: " + example}
	case len(args) == 1:
		return &usageError{err: badUsage("there is no REMOTE: it is not said where %q goes on the hosts", args[0]), hint: "that comes last: " + example}
	case slices.Contains(args, ""):
		return badUsage("a name of a file is empty; is a variable of your shell not set?")
	case strings.ContainsAny(args[len(args)-1], "*?"): // it would be the name of a file
		return &usageError{err: badUsage("%q is a pattern, and not a place on the hosts", args[len(args)-1]), hint: "the last word is where it goes: " + example}
	case slices.Contains(args[:len(args)-1], "-"):
		return &usageError{err: badUsage("standard input cannot be pushed: a file is read more than once"), hint: "write it to a file first"}
	}
	return nil
}

// A pushPlan is what goes to the hosts.
type pushPlan struct {
	flags   *pushFlags
	options transfer.Options
	parcels []*parcel
}

// A parcel is one LOCAL and where it goes. Without {host} in LOCAL it is opened
// once, for all hosts.
type parcel struct {
	plan          *pushPlan
	local, remote string // as typed
	load          payload
}

// A payload is a local file or folder that is open: one of the two.
type payload struct {
	source *transfer.Source
	tree   *transfer.Tree
}

func (l payload) close() {
	if l.source != nil {
		_ = l.source.Close()
	}
	if l.tree != nil {
		_ = l.tree.Close()
	}
}

// varies reports whether each host has a file of its own.
func (p *parcel) varies() bool { return strings.Contains(p.local, hostMark) }

// open opens what is the same for all hosts.
func (p *pushPlan) open() (err error) {
	for _, c := range p.parcels {
		if c.varies() {
			continue
		}
		if c.load, err = c.openAs(c.local); err != nil {
			return err
		}
	}
	return nil
}

// close implements shipment.
func (p *pushPlan) close() {
	for _, c := range p.parcels {
		c.load.close()
	}
}

// openAs opens the file or folder name.
func (p *parcel) openAs(name string) (l payload, err error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return l, err
	case info.IsDir():
		l.tree, err = transfer.OpenTree(name, p.plan.flags.ignore)
	default:
		l.source, err = transfer.OpenSource(name)
	}
	return l, err
}

// items implements shipment.
func (p *pushPlan) items(_ context.Context, _ *transfer.Remote, host string) ([]item, error) {
	list := make([]item, len(p.parcels))
	for i, c := range p.parcels {
		list[i] = &delivery{c, host}
	}
	return list, nil
}
