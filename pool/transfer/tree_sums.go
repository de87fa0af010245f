package transfer

import (
	"context"
	"crypto/sha256"
	"io"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// fileSums are the SHA-256 of the tree's files, in the order of its entries. They
// are taken once, whoever asks; where a caller gives up, the next goes on from
// there.
func (t *Tree) fileSums(ctx context.Context) ([]Sum, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return t.sums, t.takeSums(ctx)
}

// takeSums takes all sums that there are not yet. The caller holds t.turn.
func (t *Tree) takeSums(ctx context.Context) error {
	group, work := errgroup.WithContext(ctx)
	var taken atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			o, buffer := opener{t: t}, make([]byte, 64<<10)
			defer o.close()
			const some = 32 // that are likely to be in one folder
			for to := int(taken.Add(some)); to-some < len(t.entries); to = int(taken.Add(some)) {
				for i := to - some; i < min(to, len(t.entries)); i++ {
					if err := t.takeSum(work, &o, i, buffer); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// readAhead takes sums until Close. What goes wrong is found again by who needs them.
func (t *Tree) readAhead() {
	// It is part of the tree's life, not of the call that opens it.
	ctx, stop := context.WithCancel(context.Background())
	t.stop, t.stopped = stop, make(chan struct{})
	t.turn <- struct{}{} // nobody else has it yet
	go func() {
		defer close(t.stopped)
		defer func() { <-t.turn }()
		_ = t.takeSums(ctx)
	}()
}

// takeSum takes the sum of entry i, if it is a file and has none.
func (t *Tree) takeSum(ctx context.Context, o *opener, i int, buffer []byte) error {
	e := &t.entries[i]
	if t.have[i] || e.kind != aFile {
		return nil
	}
	f, err := o.open(e)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, &patient{ctx: ctx, r: io.LimitReader(f, e.size)}, buffer)
	if err == nil && n != e.size {
		err = errChanged
	}
	_ = f.Close() // it was open for reading alone
	if err != nil {
		return t.unreadable(e.path, err)
	}
	t.sums[i], t.have[i] = Sum(sum.Sum(nil)), true
	return nil
}

// A patient reader ends with its context.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, context.Cause(p.ctx)
	}
	return p.r.Read(b)
}
