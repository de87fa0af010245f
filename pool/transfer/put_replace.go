package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"fleet/transport"
)

// replace writes the content under a name of its own and has it take the target's
// place.
func (p *putting) replace(ctx context.Context) (err error) {
	if err := p.checkValidate(); err != nil {
		return err
	}
	defer func() {
		if p.temp != "" {
			p.clean(ctx, err)
		}
	}()
	if err := p.open(ctx); err != nil {
		return err
	}
	is, err := p.write(ctx)
	if err != nil {
		return err
	}
	if err := p.dress(ctx, is); err != nil {
		return err
	}
	if err := p.validate(ctx); err != nil {
		return err
	}
	kept, err := p.backup(ctx)
	if err != nil {
		return err
	}
	err = p.place(ctx)
	switch {
	case kept != "" && err != nil && !p.unsure:
		p.remove(ctx, kept)
	case kept != "":
		p.report.Backups = append(p.report.Backups, kept)
	}
	if err == nil {
		p.temp = ""
	}
	return err
}

// write fills the temporary file, puts it on disk and verifies it there.
func (p *putting) write(ctx context.Context) (info, error) {
	aside := *p // which does not see that transmit reopens the host
	aside.r = p.r.asItIs()
	all, each := errgroup.WithContext(ctx)
	all.Go(func() error {
		_, err := p.src.Sum(each) // takes its time while the content travels
		return err
	})
	all.Go(func() error { return p.transmit(each) })
	all.Go(func() error {
		aside.sweep(each)
		return nil
	})
	if err := all.Wait(); err != nil {
		return info{}, err
	}
	is, err := p.verify(ctx)
	if err == nil || !p.resumed || !errors.Is(err, errDiffers) {
		return is, err
	}
	p.feed.begin(0)
	if err := p.transmit(ctx); err != nil {
		return info{}, err
	}
	return p.verify(ctx)
}

// transmit sends what is left. After the link was lost it goes on with what the host
// has not confirmed.
func (p *putting) transmit(ctx context.Context) error {
	before := p.reopened
	return p.again(ctx, func() error {
		if p.reopened && !before {
			is, err := p.r.sys.lstat(ctx, p.temp)
			if err != nil {
				return err
			}
			p.feed.begin(min(p.feed.confirmed(), is.size))
			p.resumed = true
		}
		return p.r.fill(ctx, p.temp, p.feed, p.trip)
	})
}

// errDiffers is content that is not what was sent.
var errDiffers = errors.New("the host has other content than what was sent")

// verify puts the temporary file on disk and compares it with the source.
func (p *putting) verify(ctx context.Context) (is info, err error) {
	want, err := p.src.Sum(ctx)
	if err != nil {
		return is, err
	}
	err = p.again(ctx, func() error {
		all, ctx := errgroup.WithContext(ctx)
		all.Go(func() error { return p.r.sys.flush(ctx, []string{p.temp}) })
		all.Go(func() (err error) {
			is, err = p.r.sys.lstat(ctx, p.temp)
			return err
		})
		all.Go(func() error {
			sums, err := p.r.sums(ctx, []string{p.temp})
			if err == nil && sums[p.temp] != want {
				err = errDiffers
			}
			return err
		})
		return all.Wait()
	})
	if errors.Is(err, errDiffers) {
		if changed := p.src.unchanged(); changed != nil {
			return is, changed
		}
	}
	return is, err
}

// dress gives the temporary file its mode and owner: those that are asked for, or of
// the file whose place it takes.
func (p *putting) dress(ctx context.Context, is info) error {
	uid, gid := p.uid, p.gid
	if p.old != nil && uid < 0 {
		uid = p.old.uid
	}
	if p.old != nil && gid < 0 {
		gid = p.old.gid
	}
	ops := p.setattr(p.temp, is, uid, gid)
	if len(ops) == 0 {
		return nil
	}
	err := p.again(ctx, func() error { return p.r.sys.do(ctx, ops) })
	if err != nil {
		return p.ownerError(err)
	}
	return nil
}

// place has the temporary file become the target. Who stops that would not know whether
// it was done, so it is not stopped in the middle; where its answer is lost, the host is
// asked.
func (p *putting) place(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	ctx, done := outlast(ctx)
	defer done()
	become := func() (certain bool, err error) {
		err = p.r.sys.do(ctx, []op{{what: rename, path: p.temp, to: p.path}})
		return err == nil || context.Cause(ctx) == nil && transport.KindOf(err) != transport.KindLost, err
	}
	certain, err := become()
	if certain {
		return err
	}
	if p.r.reopen(ctx) == nil {
		// The first one may still be under way when the second one begins.
		certain, again := become()
		if errors.Is(again, fs.ErrNotExist) {
			return nil // the first one went through
		}
		if certain {
			return again
		}
	}
	p.unsure = true
	return err
}

// clean removes the temporary file after failure. What a lost link leaves is for the
// next transfer.
func (p *putting) clean(ctx context.Context, failure error) {
	if p.unsure {
		p.report.Notes = append(p.report.Notes, fmt.Sprintf("whether %q is the old file or the new one is not known: the answer was lost; the new one may be left as %q", p.path, p.temp))
		return
	}
	if linkLost(ctx, failure) {
		p.src.leave(p.leftName(p.temp))
		p.report.Notes = append(p.report.Notes, fmt.Sprintf("a part is left as %q; the next transfer goes on with it or removes it", p.temp))
		return
	}
	p.remove(ctx, p.temp)
	p.temp = ""
}

// remove takes away what is not to stay, also where ctx has ended.
func (p *putting) remove(ctx context.Context, path string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	gone := []op{{what: remove, path: path}}
	err := p.r.sys.do(ctx, gone)
	if transport.KindOf(err) == transport.KindLost && p.r.reopen(ctx) == nil {
		err = p.r.sys.do(ctx, gone)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.report.Notes = append(p.report.Notes, fmt.Sprintf("%q could not be removed: %v", path, err))
	}
}
