package main

import (
	"context"
	"fmt"
	"path"
	"strings"

	"fleet/pool/transfer"
)

// A pullPlan is what comes from the hosts.
type pullPlan struct {
	flags   *pullFlags
	options transfer.Options
	remotes []string // as typed
	to      *pullTarget
	folder  *transfer.Folder
}

// close implements shipment.
func (p *pullPlan) close() { _ = p.folder.Close() }

// A pickup is one REMOTE of one host: as many things as its pattern finds.
type pickup struct {
	plan   *pullPlan
	budget *budget
	remote string // as typed
	found  []transfer.Item
}

// A budget is what may still come from a host.
type budget struct {
	files int
	bytes int64
}

// items implements shipment: patterns are looked up, and names that clash refused,
// before anything is written.
func (p *pullPlan) items(ctx context.Context, r *transfer.Remote, host string) ([]item, error) {
	left := &budget{p.flags.maxFiles, p.flags.maxBytes}
	var list []item
	taken := map[string]string{}
	for _, remote := range p.remotes {
		it := &pickup{plan: p, budget: left, remote: remote}
		paths := []string{forHost(remote, host)}
		if hasPattern(remote) {
			var err error
			if paths, err = r.Glob(ctx, paths[0]); err != nil {
				return nil, err
			}
		}
		for _, found := range paths {
			local := forHost(p.to.within(localBase(found)), host)
			if taken[local] != "" {
				return nil, fmt.Errorf("%q and %q would both become %q; hint: pull them into different folders", taken[local], found, joinShown(p.to.root, local))
			}
			taken[local] = found
			it.found = append(it.found, transfer.Item{Remote: found, Local: local})
		}
		list = append(list, it)
	}
	return list, nil
}

// localBase is how what is at a path is called here; "" is the content of a folder,
// which goes where a folder would.
func localBase(remote string) string {
	base := path.Base(remote)
	if strings.HasSuffix(remote, "/") || base == "." || base == ".." || base == "~" {
		return ""
	}
	return base
}

// name implements item.
func (k *pickup) name() string { return k.remote }

// ship implements item.
func (k *pickup) ship(ctx context.Context, r *transfer.Remote, say *teller) (*transfer.Report, error) {
	if len(k.found) == 0 {
		return nil, fmt.Errorf("nothing matches %q", k.remote)
	}
	o := &transfer.FetchOptions{Exclude: k.plan.flags.ignore, Options: k.plan.options}
	var err error
	if o.MaxFiles, o.MaxBytes, err = k.budget.left(k.plan.flags); err != nil {
		return nil, err
	}
	report, err := r.Fetch(ctx, k.found, k.plan.folder, o)
	if report == nil {
		return nil, err
	}
	k.budget.files -= report.Total - report.Deleted + report.Unchanged
	k.budget.bytes -= report.Bytes
	to := k.where(say)
	report.Path = forHost(to, say.host)
	say.outcome(err)(say.shown(k.remote), to, k.size(report), report)
	return report, err
}

// left is what may come, as options: 0 is no limit there.
func (b *budget) left(f *pullFlags) (files int, bytes int64, err error) {
	switch {
	case f.maxFiles > 0 && b.files <= 0:
		return 0, 0, fmt.Errorf("more than the %d files of --max-files", f.maxFiles)
	case f.maxBytes > 0 && b.bytes <= 0:
		return 0, 0, fmt.Errorf("more than the %s of --max-bytes", size(f.maxBytes))
	}
	return max(b.files, 0), max(b.bytes, 0), nil
}

// where says where it went: a pattern's findings into a folder.
func (k *pickup) where(say *teller) string {
	if hasPattern(k.remote) {
		return say.shown(joinShown(k.plan.to.root, k.plan.to.rest))
	}
	return say.shown(k.plan.to.path(localBase(k.remote)))
}

// size is that of a single file; -1 where it is not known to be one.
func (k *pickup) size(r *transfer.Report) int64 {
	if hasPattern(k.remote) || strings.HasSuffix(k.remote, "/") {
		return -1
	}
	switch {
	case r.Total == 0 && r.Unchanged == 1:
		return 0
	case r.Total == 1 && r.Unchanged == 0 && len(r.Changes) == 1 && strings.HasSuffix(r.Changes[0].Path, "/"+k.found[0].Local):
		return r.Bytes
	default:
		return -1
	}
}
