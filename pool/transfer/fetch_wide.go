package transfer

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// partSize is how much of a big file one session is asked for at a time, in bytes,
// and partsMax how many times at once: the next part is under way before the last
// has come.
const (
	partSize = 4 << 20
	partsMax = 2
)

// A wideRead is a part of a big file on its way here, over one session or several.
type wideRead struct {
	path string
	to   arrival

	mu   sync.Mutex
	next int64 // the first byte that nobody has been asked for
	end  int64
}

// take is the next part to ask for; none is left where it has no bytes.
func (w *wideRead) take() (from, size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from, size = w.next, max(0, min(w.end-w.next, partSize))
	w.next += size
	return from, size
}

// ended notes that the file has nothing from a byte on.
func (w *wideRead) ended(at int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end = min(w.end, at)
}

// over reads parts over one session until none is left.
func (w *wideRead) over(ctx context.Context, s system) error {
	group, ctx := errgroup.WithContext(ctx)
	for range partsMax {
		group.Go(func() error {
			for {
				from, size := w.take()
				if size == 0 {
					return nil
				}
				n, err := s.read(ctx, w.path, from, size, w.to)
				if err != nil {
					return err
				}
				if n < size {
					w.ended(from + n)
				}
			}
		})
	}
	return group.Wait()
}
