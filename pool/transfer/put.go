package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"fleet/transport"
)

// Put makes the file on the host what src is. On an error the target is what it was, but
// for a note in the Report that this is not known, and the Report tells how far it went.
func (r *Remote) Put(ctx context.Context, src *Source, o *PutOptions) (*Report, error) {
	p := &putting{r: r, src: src, o: o, report: &Report{}, feed: newDealer(src, &o.Options)}
	meter := o.Meter
	if o.DryRun {
		meter = nil
	}
	meter.expect(1, src.size)
	err := p.run(ctx)
	p.report.Path, p.report.Bytes = p.path, p.feed.traveled()
	if err != nil {
		p.feed.begin(0)
		meter.expect(-1, -src.size)
		if p.path == "" {
			return p.report, fmt.Errorf("put %q: %w", o.Destination, err)
		}
		return p.report, fmt.Errorf("put %q: %w", p.path, err)
	}
	meter.done(1, src.size-p.feed.confirmed())
	return p.report, nil
}

// A putting is one file on its way to one host.
type putting struct {
	r      *Remote
	src    *Source
	o      *PutOptions
	report *Report
	feed   *dealer

	path     string        // of the target
	trip     time.Duration // the round trip to the host
	old      *info         // what is there; nil: nothing
	mode     fs.FileMode   // as it is to be
	uid, gid int           // as asked for; -1: nothing is

	names    tempName
	temp     string // the path of what is not yet the target; empty: there is none
	reopened bool   // the link was lost once
	resumed  bool   // a part of the file is from another time
	unsure   bool   // whether it took its place is not known
}

func (p *putting) run(ctx context.Context) error {
	var same bool
	// A Remote that was not used for a while may have lost its link long ago.
	err := p.again(ctx, func() (err error) {
		if err := p.locate(ctx); err != nil {
			return err
		}
		if err := p.attributes(ctx); err != nil {
			return err
		}
		same, err = p.same(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if same {
		return p.adjust(ctx)
	}
	if p.o.Diff {
		p.diff(ctx)
	}
	if !p.o.DryRun {
		if err := p.replace(ctx); err != nil {
			return err
		}
	} else if err := p.folder(ctx); err != nil {
		return err
	}
	p.report.Files = 1
	if p.old == nil {
		p.changed(Created)
	} else {
		p.changed(Updated)
	}
	return nil
}

func (p *putting) changed(what What) {
	p.report.Changes = []Change{{Path: p.path, What: what}}
	p.report.Total = 1
}

// attributes finds out what the file is to be but for its content.
func (p *putting) attributes(ctx context.Context) (err error) {
	p.uid, p.gid = -1, -1
	if p.o.Owner != "" {
		if p.uid, err = p.r.owner(ctx, p.o.Owner); err != nil {
			return err
		}
	}
	if p.o.Group != "" {
		if p.gid, err = p.r.group(ctx, p.o.Group); err != nil {
			return err
		}
	}
	switch {
	case p.o.HasMode:
		p.mode = p.o.Mode & keptBits
	case p.old != nil:
		p.mode = p.old.mode
	default:
		p.mode = p.src.mode &^ 0o022
	}
	return nil
}

// same reports whether the content is as it should be.
func (p *putting) same(ctx context.Context) (bool, error) {
	if p.old == nil || p.old.size != p.src.size {
		return false, nil
	}
	want, err := p.src.Sum(ctx)
	if err != nil {
		return false, err
	}
	sums, err := p.r.sums(ctx, []string{p.path})
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return false, nil // who may not read it may still replace it
		}
		return false, err
	}
	got, ok := sums[p.path]
	return ok && got == want, nil
}

// adjust gives a file with the right content the mode and owner that are asked for.
func (p *putting) adjust(ctx context.Context) error {
	ops := p.setattr(p.path, *p.old, p.uid, p.gid)
	if len(ops) == 0 {
		p.report.Unchanged = 1
		return nil
	}
	if !p.o.DryRun {
		if err := p.r.sys.do(ctx, ops); err != nil {
			return p.ownerError(err)
		}
	}
	p.changed(Adjusted)
	return nil
}

// setattr are the changes that make the file at path, which is as is says, what it is
// to be.
func (p *putting) setattr(path string, is info, uid, gid int) []op {
	if uid == is.uid {
		uid = -1
	}
	if gid == is.gid {
		gid = -1
	}
	var ops []op
	if uid >= 0 || gid >= 0 {
		ops = append(ops, op{what: chown, path: path, uid: uid, gid: gid})
	}
	// A change of owner takes the setuid bit away, so the mode is set again.
	if p.mode != is.mode || len(ops) > 0 {
		ops = append(ops, op{what: chmod, path: path, mode: p.mode})
	}
	return ops
}

func (p *putting) ownerError(err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if p.uid < 0 && p.gid < 0 && p.old != nil {
		return fmt.Errorf("keep its owner %d and group %d: %w; hint: name an owner and group of your own, or use sudo", p.old.uid, p.old.gid, err)
	}
	return fmt.Errorf("set its mode, owner and group: %w; hint: use sudo", err)
}

// linkLost reports whether err is a link that went away under what was done.
func linkLost(ctx context.Context, err error) bool {
	return err != nil && context.Cause(ctx) == nil && transport.KindOf(err) == transport.KindLost
}

// again does what may be done twice, a second time where the link is lost under the
// first.
func (p *putting) again(ctx context.Context, do func() error) error {
	err := do()
	if !linkLost(ctx, err) || p.reopened {
		return err
	}
	p.reopened = true
	if p.r.reopen(ctx) != nil {
		return err
	}
	return do()
}
