package transfer

import (
	"context"
	"io"
	"sync"
	"time"
)

// A dealer deals out the content of a source to those who write it to one file on one
// host, and keeps account of what the host has for certain. It implements pieces.
type dealer struct {
	src   *Source
	limit *Limiter
	meter *Meter

	mu    sync.Mutex
	at    int64           // guarded by mu: what is dealt out next
	sure  int64           // guarded by mu: the host has all before it
	early map[int64]int64 // guarded by mu: the lengths of what it has beyond, by where they begin
	moved int64           // guarded by mu: bytes that were confirmed, whatever became of them
	away  int             // guarded by mu: bytes that are neither confirmed nor given up
	back  chan struct{}   // guarded by mu: closed when away gets less; nil: nobody waits for that
}

// maxAway bounds what is under way to all hosts of a source, in bytes, as far as that
// leaves each of them a block.
const maxAway = 12 << 20

func newDealer(src *Source, o *Options) *dealer {
	return &dealer{src: src, limit: o.Limit, meter: o.Meter, early: map[int64]int64{}}
}

// next implements pieces. Pieces do not cross the blocks of the source. A host has a
// share of what may be under way: with many of them, each needs little of it to keep
// this machine busy.
func (f *dealer) next(ctx context.Context, most int) (piece, error) {
	offset, n, err := f.take(ctx, f.limit.piece(most))
	if err != nil {
		return piece{}, err
	}
	if err := f.limit.wait(ctx, n); err != nil {
		f.settle(offset, n, false)
		return piece{}, err
	}
	data, release, err := f.src.block(ctx, offset, n)
	if err != nil {
		f.settle(offset, n, false)
		return piece{}, err
	}
	return piece{data: data, offset: offset, done: func(confirmed bool) {
		release()
		f.settle(offset, n, confirmed)
	}}, nil
}

// take decides what the next piece is, when there is room for it.
func (f *dealer) take(ctx context.Context, most int) (offset int64, n int, err error) {
	for {
		var room <-chan struct{}
		if offset, n, room = f.tryTake(most); room == nil {
			break
		}
		select {
		case <-room:
		case <-ctx.Done():
			return 0, 0, context.Cause(ctx)
		}
	}
	if n == 0 {
		return 0, 0, io.EOF
	}
	return offset, n, nil
}

// tryTake takes a piece, of 0 bytes at the end; or it tells what to wait for.
func (f *dealer) tryTake(most int) (offset int64, n int, room <-chan struct{}) {
	share := f.src.share()
	f.mu.Lock()
	defer f.mu.Unlock()
	offset = f.at
	n = int(min(int64(most), f.src.size-offset, blockSize-offset%blockSize))
	if n > 0 && f.away > 0 && f.away+n > share {
		if f.back == nil {
			f.back = make(chan struct{})
		}
		return 0, 0, f.back
	}
	f.at += int64(n)
	f.away += n
	return offset, n, nil
}

// settle ends a piece's way.
func (f *dealer) settle(offset int64, n int, confirmed bool) {
	f.mu.Lock()
	f.away -= n
	if f.back != nil {
		close(f.back)
		f.back = nil
	}
	f.mu.Unlock()
	if confirmed {
		f.confirm(offset, int64(n))
	}
}

func (f *dealer) confirm(offset, n int64) {
	f.meter.done(0, n)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moved += n
	f.early[offset] = n
	for n, ok := f.early[f.sure]; ok; n, ok = f.early[f.sure] {
		delete(f.early, f.sure)
		f.sure += n
	}
}

// begin deals out next what comes after the first from bytes, which the host
// has.
func (f *dealer) begin(from int64) {
	f.mu.Lock()
	gone := f.sure - from
	for _, n := range f.early {
		gone += n
	}
	f.at, f.sure = from, from
	clear(f.early)
	f.mu.Unlock()
	f.meter.done(0, -gone)
}

// confirmed is up to where the host has everything.
func (f *dealer) confirmed() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sure
}

// traveled is how many bytes the host has confirmed, those that were sent twice
// counted twice.
func (f *dealer) traveled() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.moved
}

// send writes all of src into the new file at path: over several sessions, where one
// is not enough to fill the link.
func (r *Remote) send(ctx context.Context, src *Source, path string, o *Options) error {
	return r.fill(ctx, path, newDealer(src, o), 0)
}

// fill writes what is left to deal out into the file at path. trip is the round trip
// to the host, 0 where it is not known.
func (r *Remote) fill(ctx context.Context, path string, f *dealer, trip time.Duration) error {
	defer f.src.hold()()
	l := &lanes{free: f.src.lanes, path: path, trip: trip, size: f.src.size - f.confirmed(), moved: f.traveled}
	err := r.spread(ctx, l, func(ctx context.Context, s system) error { return s.write(ctx, path, f) })
	if err != nil {
		return err
	}
	return f.src.unchanged()
}
