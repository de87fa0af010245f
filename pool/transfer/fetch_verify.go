package transfer

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// place verifies the drafts of a batch and gives them their names.
func (f *fetch) place(ctx context.Context, jobs []*job, sums *hostSums) error {
	if f.many && !f.o.DryRun {
		if err := f.into.flushAll(); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(f.requests())
	for _, j := range jobs {
		if j.done {
			continue
		}
		group.Go(func() error {
			host, told := sums.of[j.remote]
			err := f.verify(ctx, j, host, told)
			if err == nil {
				err = f.put(ctx, j)
			}
			return f.settle(j, err)
		})
	}
	return group.Wait()
}

// verify makes sure that the draft is what the file was at one moment. A file that
// has changed is read again, one that grows is taken as far as it went when it was
// looked at.
func (f *fetch) verify(ctx context.Context, j *job, host Sum, told bool) error {
	for n := 1; ; n++ {
		if told && host == j.sum {
			return nil
		}
		now, err := f.state(ctx, j)
		if err != nil {
			return err
		}
		same := now.size == j.size && now.mtime.Equal(j.mtime)
		switch {
		case same && (j.live || j.size == 0 && !told):
			return nil // there is nothing to compare
		case same && j.size == 0: // by its sum there is something in it
			j.probe = true
		case !f.remote.commands && same && j.got == j.size:
			return nil
		case now.size > j.size && j.got == j.size && !j.live:
			if ok, err := f.stable(ctx, j); err != nil {
				return err
			} else if ok {
				f.note("%s grew while it was read: here are its first %d bytes", j.remote, j.size)
				return nil
			}
		}
		if n == tries && same && !told {
			return fmt.Errorf("%q: the host does not tell its SHA-256; nothing of it is kept", j.remote)
		} else if n == tries && same {
			return fmt.Errorf("%q: what arrived is not what the host has, by its SHA-256; nothing of it is kept", j.remote)
		} else if n == tries {
			return fmt.Errorf("%q changed each of the %d times that it was read; nothing of it is kept", j.remote, tries)
		}
		if host, told, err = f.again(ctx, j, now); err != nil {
			return err
		}
	}
}

// state is what the file is now.
func (f *fetch) state(ctx context.Context, j *job) (info, error) {
	look := f.remote.sys.lstat
	if j.top {
		look = f.remote.sys.stat
	}
	now, err := look(ctx, j.remote)
	if err == nil && now.kind != aFile {
		err = fmt.Errorf("%q is not a file any more", j.remote)
	}
	return now, err
}

// stable tells whether the content that is here reads the same once more.
func (f *fetch) stable(ctx context.Context, j *job) (bool, error) {
	second := &job{entry: j.entry}
	err := f.receive(ctx, second)
	if second.draft != nil {
		err = errors.Join(err, second.draft.discard())
		f.o.Meter.done(0, -second.got)
	}
	return err == nil && second.got == j.got && second.sum == j.sum, err
}

// again reads a file from its beginning, as it is now.
func (f *fetch) again(ctx context.Context, j *job, now info) (host Sum, told bool, err error) {
	if err := f.discard(j); err != nil {
		return Sum{}, false, err
	}
	more := now.size - j.size
	f.o.Meter.expect(0, more)
	j.size, j.mtime, j.mode = now.size, now.mtime, now.mode
	j.ready, j.live = false, false
	if err := f.fits(more); err != nil {
		return Sum{}, false, err
	}
	if err := f.receive(ctx, j); err != nil || j.live || !f.remote.commands {
		return Sum{}, false, err
	}
	sums, err := f.sums(ctx, []string{j.remote})
	host, told = sums[j.remote]
	return host, told, err
}

// fits counts bytes that the host has not told of at first, and holds all of them
// to their bound.
func (f *fetch) fits(more int64) error {
	all := f.bytes.Add(more)
	if more > 0 && f.o.MaxBytes > 0 && all > f.o.MaxBytes {
		return fmt.Errorf("with what it holds by now there are more than %d bytes, which is the most that is accepted", f.o.MaxBytes)
	}
	return nil
}
