package transfer

import (
	"context"
	"encoding/hex"
	"io"
	"sync"
)

func isHex(s string) bool               { p, err := hex.DecodeString(s); return err == nil && len(p) == 4 }
func omittedDiff(path, why string) Diff { return Diff{Path: path, Omitted: why} }

type shimPieces struct {
	mu sync.Mutex
	s  *Source
	at int64
	o  *Options
}

func (p *shimPieces) next(ctx context.Context, max int) (piece, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at >= p.s.size {
		return piece{}, io.EOF
	}
	b, rel, err := p.s.block(ctx, p.at, max)
	if err != nil {
		return piece{}, err
	}
	if err := p.o.Limit.wait(ctx, len(b)); err != nil {
		return piece{}, err
	}
	pc := piece{data: b, offset: p.at, done: func(ok bool) {
		rel()
		if ok {
			p.o.Meter.done(0, int64(len(b)))
		}
	}}
	p.at += int64(len(b))
	return pc, nil
}
func (r *Remote) send(ctx context.Context, src *Source, path string, o *Options) error {
	return r.sys.write(ctx, path, &shimPieces{s: src, o: o})
}
