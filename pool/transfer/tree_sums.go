package transfer

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
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
	group, work := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			buffer := make([]byte, 64<<10)
			for i := next.Add(1) - 1; i < int64(len(t.entries)); i = next.Add(1) - 1 {
				if t.have[i] || t.entries[i].kind != aFile {
					continue
				}
				sum, err := t.fileSum(work, &t.entries[i], buffer)
				if err != nil {
					return err
				}
				t.sums[i], t.have[i] = sum, true
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return t.sums, context.Cause(ctx)
}

func (t *Tree) fileSum(ctx context.Context, e *info, buffer []byte) (Sum, error) {
	f, err := t.open(e)
	if err != nil {
		return Sum{}, err
	}
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, &patient{ctx: ctx, r: f}, buffer)
	if err == nil && n != e.size {
		err = errChanged
	}
	_ = f.Close()
	if err != nil {
		return Sum{}, t.unreadable(e.path, err)
	}
	return Sum(sum.Sum(nil)), nil
}

// A patient reader ends with its context.
type patient struct {
	ctx context.Context
	r   *os.File
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, context.Cause(p.ctx)
	}
	return p.r.Read(b)
}
