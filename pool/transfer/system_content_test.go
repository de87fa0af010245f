//go:build !windows

package transfer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func movesContent(t *testing.T, h *testHost, r *Remote) {
	ctx := t.Context()
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, plainData, largeData + 1, 3_000_001} {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(random.Uint32())
		}
		path := h.path(fmt.Sprintf("content%d", size))
		if err := r.sys.create(ctx, path); err != nil {
			t.Fatal(err)
		}
		if err := r.sys.write(ctx, path, feed(content)); err != nil {
			t.Fatal(err)
		}
		got := new(memory)
		n, err := r.sys.read(ctx, path, 0, int64(size), got)
		if err != nil || n != int64(size) || !bytes.Equal(got.bytes, content) {
			t.Errorf("%d bytes: got %d (%d) and %v", size, n, len(got.bytes), err)
		}
		if size < 2 {
			continue
		}
		// A part of it, and more than there is.
		part := &shifted{memory: new(memory), by: int64(size / 2)}
		if n, err := r.sys.read(ctx, path, part.by, 1000, part); err != nil || n != 1000 || !bytes.Equal(part.bytes, content[part.by:part.by+1000]) {
			t.Errorf("part of %d bytes: got %d and %v", size, n, err)
		}
		if n, err := r.sys.read(ctx, path, 1, int64(size)+1000, &shifted{new(memory), 1}); err != nil || n != int64(size-1) {
			t.Errorf("past the end of %d bytes: got %d and %v", size, n, err)
		}
		// What is written from a place on leaves what is before.
		half := size / 2
		if err := r.sys.write(ctx, path, &pieceFeed{content: content, at: half}); err != nil {
			t.Fatal(err)
		}
		if on, err := os.ReadFile(h.local(filepath.Base(path))); err != nil || !bytes.Equal(on, content) {
			t.Errorf("after a write in the middle: %d of %d bytes, %v", len(on), size, err)
		}
	}
	if err := r.sys.flush(ctx, []string{h.path("content0"), h.path("content1")}); err != nil {
		t.Errorf("flush: %v", err)
	}
	var many []string
	for i := range manyFiles + 1 {
		put(t, h, fmt.Sprint("flushed", i), "")
		many = append(many, h.path(fmt.Sprint("flushed", i)))
	}
	if err := r.sys.flush(ctx, many); err != nil {
		t.Errorf("flush of many: %v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	endless := &pieceFeed{content: make([]byte, 32<<20), onPiece: func(n int) {
		if n > 10 {
			cancel()
		}
	}}
	if err := r.sys.write(canceled, h.path("content0"), endless); err == nil || endless.open.Load() != 0 {
		t.Errorf("canceled: got %v, %d pieces not given back", err, endless.open.Load())
	}
	if _, err := r.sys.lstat(ctx, h.path("content0")); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// shifted takes content from by on.
type shifted struct {
	*memory
	by int64
}

func (s *shifted) WriteAt(p []byte, offset int64) (int, error) {
	return s.memory.WriteAt(p, offset-s.by)
}

func feed(content []byte) *pieceFeed { return &pieceFeed{content: content} }

// A pieceFeed is content as pieces.
type pieceFeed struct {
	mu      sync.Mutex
	content []byte
	at      int
	count   int
	onPiece func(n int)
	open    atomic.Int64
}

func (f *pieceFeed) next(ctx context.Context, limit int) (piece, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return piece{}, ctx.Err()
	}
	if f.at == len(f.content) {
		return piece{}, io.EOF
	}
	p := piece{data: f.content[f.at:min(f.at+limit, len(f.content))], offset: int64(f.at), done: func(bool) { f.open.Add(-1) }}
	f.at += len(p.data)
	f.open.Add(1)
	if f.count++; f.onPiece != nil {
		f.onPiece(f.count)
	}
	return p, nil
}
