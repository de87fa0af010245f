package main

import (
	"context"
	"path"
	"path/filepath"
	"strings"

	"fleet/pool/transfer"
)

// A delivery is a parcel for one host.
type delivery struct {
	*parcel
	host string
}

// name implements item.
func (d *delivery) name() string { return forHost(d.local, d.host) }

// ship implements item.
func (d *delivery) ship(ctx context.Context, r *transfer.Remote, say *teller) (*transfer.Report, error) {
	load := d.load
	if d.varies() {
		var err error
		if load, err = d.openAs(d.name()); err != nil {
			return nil, err
		}
		defer load.close()
	}
	var (
		report *transfer.Report
		err    error
		n      = int64(-1)
	)
	if load.tree != nil {
		report, err = r.Sync(ctx, load.tree, d.syncOptions())
	} else {
		n = load.source.Size()
		report, err = r.Put(ctx, load.source, d.putOptions())
	}
	if report != nil {
		say.outcome(err)(say.shown(d.local), d.where(load.tree != nil, report, say), n, report)
	}
	return report, err
}

// file is what the flags say about modes and owners.
func (d *delivery) file() transfer.File {
	f := d.plan.flags
	return transfer.File{Mode: f.mode, HasMode: f.hasMode, Owner: f.owner, Group: f.group}
}

func (d *delivery) putOptions() *transfer.PutOptions {
	f := d.plan.flags
	return &transfer.PutOptions{
		File: d.file(), Destination: forHost(d.remote, d.host), Into: true,
		Follow: f.follow, Backup: f.backup, Validate: f.validate, Options: d.plan.options,
	}
}

func (d *delivery) syncOptions() *transfer.SyncOptions {
	return &transfer.SyncOptions{
		File: d.file(), Destination: forHost(d.remote, d.host), Delete: d.plan.flags.remove, Options: d.plan.options,
	}
}

// where says where it went, in the words of the user.
func (d *delivery) where(folder bool, r *transfer.Report, say *teller) string {
	to := say.shown(d.remote)
	inside := path.Join(to, filepath.Base(say.shown(d.local)))
	if folder {
		if strings.HasSuffix(d.local, "/") {
			return to
		}
		return inside
	}
	// Whether a folder took it, only the host knew.
	end := forHost(path.Join(d.remote, filepath.Base(d.local)), d.host)
	if strings.HasSuffix("/"+r.Path, "/"+strings.TrimLeft(strings.TrimPrefix(end, "~/"), "/")) {
		return inside
	}
	return to
}
