package transfer

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

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
