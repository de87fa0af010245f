package transfer

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
	"runtime"

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
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range t.entries {
		if t.have[i] || t.entries[i].kind != aFile {
			continue
		}
		if work.Err() != nil {
			break
		}
		group.Go(func() error {
			sum, err := t.fileSum(work, &t.entries[i])
			if err == nil {
				t.sums[i], t.have[i] = sum, true
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return t.sums, context.Cause(ctx)
}

func (t *Tree) fileSum(ctx context.Context, e *info) (Sum, error) {
	f, err := t.open(e)
	if err != nil {
		return Sum{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, &patient{ctx: ctx, r: f})
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
