package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fleet/transport"
)

// cleanTime bounds how long a transfer that ends early takes to remove what it made.
const cleanTime = 5 * time.Second

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
	if err := p.place(ctx); err != nil {
		if kept != "" {
			p.remove(ctx, kept)
		}
		return err
	}
	if kept != "" {
		p.report.Backups = append(p.report.Backups, kept)
	}
	p.temp = ""
	return nil
}

// write fills the temporary file, puts it on disk and verifies it there.
func (p *putting) write(ctx context.Context) (info, error) {
	all, each := errgroup.WithContext(ctx)
	all.Go(func() error {
		_, err := p.src.Sum(each) // takes its time while the content travels
		return err
	})
	all.Go(func() error { return p.transmit(each) })
	all.Go(func() error {
		p.sweep(each)
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

// place has the temporary file become the target.
func (p *putting) place(ctx context.Context) error {
	tried := false
	return p.again(ctx, func() error {
		err := p.r.sys.do(ctx, []op{{what: rename, path: p.temp, to: p.path}})
		if tried && errors.Is(err, fs.ErrNotExist) {
			return nil // the first one went through
		}
		tried = true
		return err
	})
}

// clean removes the temporary file after failure. What a lost link leaves is for the
// next transfer.
func (p *putting) clean(ctx context.Context, failure error) {
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

// checkValidate refuses what could not be carried out when all is sent.
func (p *putting) checkValidate() error {
	switch {
	case p.o.Validate == "":
		return nil
	case !strings.Contains(p.o.Validate, "%s"):
		return fmt.Errorf("validate %q has no %%s for the new file", p.o.Validate)
	case !p.r.commands:
		return errors.New("validate: the host runs no commands")
	}
	return nil
}

// validate asks the user's command whether the new file is good.
func (p *putting) validate(ctx context.Context) error {
	if p.o.Validate == "" {
		return nil
	}
	script := strings.ReplaceAll(p.o.Validate, "%s", quoted(scriptPath(p.temp)))
	out := &bounded{max: stderrMax}
	status, stderr, err := p.r.run(ctx, script, nil, nil, out)
	if err != nil {
		return err
	}
	if status.OK() {
		return nil
	}
	said := stderr
	if said == "" {
		said = strings.TrimSpace(out.String())
	}
	said = strings.ReplaceAll(said, p.temp, p.path)
	if p.o.Private {
		said = "what it said is not shown"
	}
	if said == "" {
		said = "it said nothing"
	}
	return fmt.Errorf("validate %q ended with status %d; the file is as it was: %s", p.o.Validate, status.Code, said)
}

// quoted is s as one word for the shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
