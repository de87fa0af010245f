package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"
)

// lanes is how many reads or writes of one file may be under way: twice the window
// of an SSH channel (2 MiB in OpenSSH and here).
func (f *sftpSystem) lanes() int { return max(1, flightMax/f.dataMax) }

func (f *sftpSystem) write(ctx context.Context, path string, from pieces) error {
	handle, err := f.open(ctx, newRequest(sftpOpen).text(path).u32(openWrite).u32(0))
	if err != nil {
		return f.explain(ctx, "write", path, false, err)
	}
	g, lane := errgroup.WithContext(ctx)
	g.SetLimit(f.lanes())
	g.Go(func() error { return f.writeLane(lane, g, handle, from) })
	if err = g.Wait(); err != nil {
		f.leave(ctx, handle)
	} else {
		// A full disk or quota may show as late as here.
		err = f.status(ctx, newRequest(sftpClose).text(handle))
	}
	return f.explain(ctx, "write", path, false, err)
}

// writeLane writes one piece at a time. Each that has got its first piece opens the
// next: a small file is written by one.
func (f *sftpSystem) writeLane(ctx context.Context, g *errgroup.Group, handle string, from pieces) error {
	for opened := false; ; opened = true {
		p, err := from.next(ctx, f.dataMax)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !opened {
			g.TryGo(func() error { return f.writeLane(ctx, g, handle, from) })
		}
		if err := f.writePiece(ctx, handle, p); err != nil {
			return err
		}
	}
}

func (f *sftpSystem) writePiece(ctx context.Context, handle string, p piece) (err error) {
	confirmed := false
	defer func() { p.done(confirmed) }()
	size := int64(len(p.data))
	if err := f.flight.Acquire(ctx, size); err != nil {
		return context.Cause(ctx)
	}
	defer f.flight.Release(size)
	c, err := f.begin(ctx, newRequest(sftpWrite).text(handle).u64(uint64(p.offset)).u32(uint32(len(p.data))), p.data)
	if err != nil {
		return err
	}
	defer f.left(c)
	a, err := f.wait(ctx, c)
	if err == nil {
		err = a.status()
	}
	confirmed = err == nil
	return err
}

func (f *sftpSystem) read(ctx context.Context, path string, from, size int64, w writerAt) (int64, error) {
	handle, err := f.open(ctx, newRequest(sftpOpen).text(path).u32(openRead).u32(0))
	if err != nil {
		return 0, f.explain(ctx, "read", path, false, err)
	}
	defer f.leave(ctx, handle)
	r := &reading{system: f, handle: handle, to: w, next: from, end: from + size, row: from, ahead: make(map[int64]int64)}
	g, lane := errgroup.WithContext(ctx)
	g.SetLimit(f.lanes())
	g.Go(func() error { return r.lane(lane, g) })
	err = g.Wait()
	return r.row - from, f.explain(ctx, "read", path, false, err)
}

// A reading is one file on its way here, in several requests at once.
type reading struct {
	system *sftpSystem
	handle string
	to     writerAt

	mu    sync.Mutex // guards what is below
	next  int64      // where the next request begins
	end   int64      // nothing is asked for from here on
	row   int64      // all before has come
	ahead map[int64]int64
}

// take is the next part to ask for.
func (r *reading) take() (offset int64, size int, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	size = int(min(int64(r.system.dataMax), r.end-r.next))
	if size <= 0 {
		return 0, 0, false
	}
	offset = r.next
	r.next += int64(size)
	return offset, size, r.next < r.end
}

// came notes a part that has been handed on.
func (r *reading) came(offset, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ahead[offset] = size
	for n := r.ahead[r.row]; n > 0; n = r.ahead[r.row] {
		delete(r.ahead, r.row)
		r.row += n
	}
}

// ended notes that the file has nothing at offset.
func (r *reading) ended(offset int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end = min(r.end, offset)
}

// lane reads one part at a time, as writeLane writes.
func (r *reading) lane(ctx context.Context, g *errgroup.Group) error {
	for opened := false; ; opened = true {
		offset, size, more := r.take()
		if size <= 0 {
			return nil
		}
		if !opened && more {
			g.TryGo(func() error { return r.lane(ctx, g) })
		}
		for size > 0 {
			n, err := r.part(ctx, offset, size)
			if errors.Is(err, io.EOF) {
				r.ended(offset)
				break
			}
			if err != nil {
				return err
			}
			r.came(offset, int64(n))
			offset, size = offset+int64(n), size-n // a server may give less than it is asked for
		}
	}
}

// part asks once.
func (r *reading) part(ctx context.Context, offset int64, size int) (int, error) {
	f := r.system
	if err := f.flight.Acquire(ctx, int64(size)); err != nil {
		return 0, context.Cause(ctx)
	}
	defer f.flight.Release(int64(size))
	a, err := f.ask(ctx, newRequest(sftpRead).text(r.handle).u64(uint64(offset)).u32(uint32(size)))
	if err != nil {
		return 0, err
	}
	defer f.giveBack(a)
	if a.kind != sftpData {
		return 0, a.refusal()
	}
	p := a.take(a.u32())
	if a.err != nil || len(p) == 0 || len(p) > size {
		return 0, fmt.Errorf("the sftp server answers with %d bytes where 1 to %d were asked for", len(p), size)
	}
	return r.to.WriteAt(p, offset)
}
