package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sync/errgroup"
)

// liveMax bounds the content of a file that has none by its size, as files in /proc.
const liveMax = 16 << 20

// receive brings the content of a file into a draft of it.
func (f *fetch) receive(ctx context.Context, j *job) (err error) {
	size := j.size
	if size == 0 && j.top {
		size = liveMax
	}
	if j.draft == nil {
		if j.draft, err = f.into.draft(j.local, j.size); err != nil {
			return err
		}
	}
	whole, inVain := j.draft.resume()
	f.o.Meter.done(0, -inVain)
	if size > whole {
		if err := f.read(ctx, j, whole, size-whole); err != nil {
			return err
		}
		whole = j.draft.whole()
	}
	if j.size == 0 && whole > 0 {
		if j.live = true; whole == liveMax {
			return fmt.Errorf("%q has no size, and more than %d bytes of content", j.remote, liveMax)
		}
	}
	j.sum, err = j.draft.finish(whole, j.mode, j.mtime, !f.many)
	j.ready, j.got = err == nil, whole
	return err
}

// read brings a part of a file into its draft, a big one over several sessions where
// that is faster.
func (f *fetch) read(ctx context.Context, j *job, from, size int64) error {
	to := arrival{ctx, j.draft, f}
	if size < wideSize || !f.remote.sftp {
		_, err := f.remote.sys.read(ctx, j.remote, from, size, to)
		return err
	}
	w := &wideRead{path: j.remote, to: to, next: from, end: from + size}
	l := &lanes{free: f.into.lanes, path: j.remote, size: size, moved: j.draft.arrivedBytes}
	return f.remote.spread(ctx, l, w.over)
}

// An arrival is the way of content into a draft: at the rate that is allowed, and
// counted.
type arrival struct {
	ctx context.Context // of the read
	*draft
	of *fetch
}

func (a arrival) WriteAt(p []byte, offset int64) (int, error) {
	if err := a.of.o.Limit.wait(a.ctx, len(p)); err != nil {
		return 0, err
	}
	n, err := a.draft.WriteAt(p, offset)
	a.of.o.Meter.done(0, int64(n))
	a.of.traveled(int64(n))
	return n, err
}

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
		case same && (j.live || j.size == 0):
			return nil // there is nothing to compare
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
	if j.draft != nil {
		f.o.Meter.done(0, -j.got)
		if err := j.draft.discard(); err != nil {
			return Sum{}, false, err
		}
	}
	f.o.Meter.expect(0, now.size-j.size)
	j.size, j.mtime, j.mode = now.size, now.mtime, now.mode
	j.draft, j.ready, j.live = nil, false, false
	if err := f.fits(now.size); err != nil {
		return Sum{}, false, err
	}
	if err := f.receive(ctx, j); err != nil || !f.remote.commands {
		return Sum{}, false, err
	}
	sums, err := f.sums(ctx, []string{j.remote})
	host, told = sums[j.remote]
	return host, told, err
}

// fits holds a file that has changed to the bound of all of them.
func (f *fetch) fits(size int64) error {
	if f.o.MaxBytes > 0 && size > f.o.MaxBytes {
		return fmt.Errorf("it grew to %d bytes, and %d is the most that is accepted", size, f.o.MaxBytes)
	}
	return nil
}

// put gives a verified file its name.
func (f *fetch) put(ctx context.Context, j *job) error {
	if j.old && !f.remote.commands {
		if here, err := f.into.sumOf(ctx, j.local); err == nil && here == j.sum {
			f.o.Meter.done(0, -j.got)
			if err := j.draft.discard(); err != nil {
				return err
			}
			j.draft = nil
			return f.keep(j)
		}
	}
	d, err := f.diff(ctx, j)
	if err != nil {
		return err
	}
	what, err := j.draft.place()
	if err != nil {
		return err
	}
	j.draft, j.done = nil, true
	if d != nil {
		f.differs(*d)
	}
	f.changed(j.local, what, true)
	f.o.Meter.done(1, 0)
	return nil
}

// keep leaves the content that is here, and gives it mode and time.
func (f *fetch) keep(j *job) error {
	j.done = true
	is, err := f.into.lstat(j.local)
	if err != nil {
		return err
	}
	adjusted := false
	if is.Mode().Perm() != j.mode.Perm() {
		if adjusted = true; !f.o.DryRun {
			err = f.into.there().Chmod(native(j.local), j.mode.Perm())
		}
	}
	if !is.ModTime().Equal(j.mtime) {
		if adjusted = true; !f.o.DryRun {
			err = errors.Join(err, f.into.there().Chtimes(native(j.local), time.Time{}, j.mtime))
		}
	}
	switch {
	case err != nil:
		return err
	case adjusted:
		f.changed(j.local, Adjusted, false)
	default:
		f.unchanged()
	}
	f.o.Meter.done(1, j.size)
	return nil
}

// wouldChange tells of a file that would be fetched.
func (f *fetch) wouldChange(ctx context.Context, j *job) error {
	what, _, err := f.into.inTheWay(j.local, isRegular)
	if err != nil {
		return err
	}
	d, err := f.diff(ctx, j)
	if err != nil {
		return err
	}
	if d != nil {
		f.differs(*d)
	}
	j.done = true
	f.changed(j.local, what, true)
	f.o.Meter.done(1, j.size)
	return nil
}

// diff is the difference between the file here and the draft, or the file on the
// host where there is none; nil where it is not asked for.
func (f *fetch) diff(ctx context.Context, j *job) (*Diff, error) {
	if !f.o.Diff {
		return nil, nil
	}
	path := f.into.full(j.local)
	before, err := f.into.content(j.local)
	if errors.Is(err, fs.ErrPermission) {
		return &Diff{Path: path, Omitted: "not readable"}, nil
	}
	var after []byte
	switch {
	case err != nil:
	case j.draft != nil:
		after, err = f.into.content(j.draft.temp)
	case j.size > maxDiff:
		after = make([]byte, maxDiff+1)
	default:
		var text memory
		_, err = f.remote.sys.read(ctx, j.remote, 0, j.size, &text)
		after = append([]byte{}, text.bytes...)
	}
	if err != nil {
		return nil, err
	}
	d := newDiff(path, before, after, false)
	return &d, nil
}
