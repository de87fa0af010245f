package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"fleet/event"
	"fleet/pool/transfer"
	"fleet/tasks"
	"fleet/transport"
)

// transfer carries out one attempt of a call that copies files. What it has changed
// is its output. The report may be there where the error is as well.
func (c *callRun) transfer(ctx context.Context, stdout, stderr io.Writer) (*transfer.Report, error) {
	o := transfer.Options{Diff: c.run.cfg.Diff}
	report, err := c.run.move(ctx, c.machine, &c.remotes, c.step, c.call, o)
	if printed := printReport(stdout, stderr, report); err == nil {
		err = printed
	}
	return report, err
}

// move transfers what c says, within the limits of s.
func (r *planRun) move(ctx context.Context, m *machine, open *remotes, s *tasks.Step, c *tasks.Call, o transfer.Options) (report *transfer.Report, err error) {
	ctx, limits := newLimits(ctx, s.Timeout, s.IdleTimeout)
	limits.quiet = "nothing moved"
	defer limits.stop()
	own, begun, kept := c.On == nil && !c.Local, false, open.has(m)
	do := func(remote *transfer.Remote) (err error) {
		begun = true
		report, err = r.moveOver(ctx, remote, c, o)
		return err
	}
	err = open.use(ctx, m, limits, own, do)
	if own && kept && ctx.Err() == nil && transport.KindOf(err) == transport.KindLost && idle(report) {
		err = open.use(ctx, m, limits, own, do) // the link may have been lost since the last step
	}
	return report, transferError(ctx, m, begun, err)
}

// idle reports whether a transfer ended before it did anything.
func idle(report *transfer.Report) bool {
	return report == nil || !report.Changed() && report.Bytes == 0
}

// moveOver transfers what c says over remote.
func (r *planRun) moveOver(ctx context.Context, remote *transfer.Remote, c *tasks.Call, o transfer.Options) (*transfer.Report, error) {
	switch a := c.Action.(type) {
	case *tasks.Copy:
		src, giveBack, err := r.source(a, c.Private)
		if err != nil {
			return nil, err
		}
		defer giveBack()
		return remote.Put(ctx, src, &transfer.PutOptions{
			File: attributes(a.Attributes), Destination: a.Destination, Follow: a.Follow, Backup: a.Backup,
			Validate: a.Validate, Private: c.Private, Options: o,
		})
	case *tasks.Sync:
		tree, giveBack, err := r.lending.tree(a.Source, a.Exclude)
		if err != nil {
			return nil, err
		}
		defer giveBack()
		o.Diff = o.Diff && !c.Private
		return remote.Sync(ctx, tree, &transfer.SyncOptions{
			File: attributes(a.Attributes), Destination: a.Destination, Delete: a.Delete, Options: o,
		})
	case *tasks.Fetch:
		return fetch(ctx, remote, a, o)
	default:
		return nil, errors.New("the step has no files to copy")
	}
}

// source is what a copies.
func (r *planRun) source(a *tasks.Copy, private bool) (src *transfer.Source, giveBack func(), err error) {
	if a.Source != "" {
		return r.lending.file(a.Source)
	}
	mode := fs.FileMode(0o644)
	if private {
		mode = 0o600
	}
	src = transfer.NewSource(a.Name, a.Content, mode)
	return src, func() { _ = src.Close() }, nil // it is only memory
}

func attributes(a tasks.Attributes) transfer.File {
	return transfer.File{Mode: a.Mode, HasMode: a.HasMode, Owner: a.Owner, Group: a.Group}
}

// fetch takes what a says from the host. Nothing is written outside of the folder
// nearest to the destination that is there already.
func fetch(ctx context.Context, remote *transfer.Remote, a *tasks.Fetch, o transfer.Options) (*transfer.Report, error) {
	path, local := nearest(a.Destination)
	folder, err := transfer.OpenFolder(path)
	if err != nil {
		return nil, err
	}
	o.Diff = false
	report, err := remote.Fetch(ctx, []transfer.Item{{Remote: a.Source, Local: local}}, folder, &transfer.FetchOptions{Exclude: a.Exclude, Options: o})
	return report, errors.Join(err, folder.Close())
}

// nearest divides path into the longest beginning of it that is a folder, without
// path itself, and the rest, with "/".
func nearest(path string) (folder, rest string) {
	folder, rest = filepath.Dir(path), filepath.Base(path)
	for {
		is, err := os.Stat(folder)
		up := filepath.Dir(folder)
		if err == nil && is.IsDir() || up == folder {
			return folder, rest
		}
		rest = filepath.Base(folder) + "/" + rest
		folder = up
	}
}

// printReport prints what was changed, and what there is to say about it.
func printReport(stdout, stderr io.Writer, report *transfer.Report) error {
	if report == nil {
		return nil
	}
	var b strings.Builder
	for _, change := range report.Changes {
		fmt.Fprintf(&b, "%s %s\n", change.What, shownPath(change.Path))
	}
	if rest := report.Total - len(report.Changes); rest > 0 {
		fmt.Fprintf(&b, "and %d more\n", rest)
	}
	for _, path := range report.Backups {
		fmt.Fprintf(&b, "kept what was there as %s\n", shownPath(path))
	}
	for i := range report.Diffs {
		b.WriteString(report.Diffs[i].Unified())
	}
	var failed error
	if b.Len() > 0 {
		_, failed = io.WriteString(stdout, b.String())
	}
	for _, note := range report.Notes {
		_, err := io.WriteString(stderr, note+"\n")
		failed = errors.Join(failed, err)
	}
	return failed
}

// shownPath is path in one line.
func shownPath(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return strconv.Quote(path)
	}
	return path
}

// untransferred completes the step_end of a transfer that went wrong. Where that is
// not about the connection, the machine has answered.
func (c *callRun) untransferred(e *event.Event, err error) {
	var te *transport.Error
	failure(e, err)
	if !errors.As(err, &te) && c.own() {
		c.answered()
	}
}
