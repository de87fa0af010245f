package transfer

import (
	"context"
	"fmt"
)

// liveMax bounds the content of a file that has none by its size, as files in /proc.
const liveMax = 16 << 20

// receive brings the content of a file into a draft of it.
func (f *fetch) receive(ctx context.Context, j *job) (err error) {
	size := j.size
	if size == 0 && f.probes(j) {
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

// probes tells whether a file without a size is read: where it is meant by itself,
// or the host has no tool that would tell that there is something in it.
func (f *fetch) probes(j *job) bool {
	return j.top || j.probe || !f.remote.commands || f.remote.facts.sum == ""
}

// read brings a part of a file into its draft, a big one over several sessions where
// that is faster.
func (f *fetch) read(ctx context.Context, j *job, from, size int64) error {
	to := arrival{ctx, j.draft, f, j.size == 0}
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
	of      *fetch
	unasked bool // the host has told of none of it
}

func (a arrival) WriteAt(p []byte, offset int64) (int, error) {
	if err := a.of.o.Limit.wait(a.ctx, len(p)); err != nil {
		return 0, err
	}
	if a.unasked {
		if err := a.of.fits(int64(len(p))); err != nil {
			return 0, err
		}
	}
	n, err := a.draft.WriteAt(p, offset)
	a.of.o.Meter.done(0, int64(n))
	a.of.traveled(int64(n))
	return n, err
}
