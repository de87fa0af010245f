package transfer

import (
	"container/list"
	"context"
	"fmt"
	"io"
	"sync"
)

const (
	// blockSize is what is read at a time: the largest write that OpenSSH's sftp
	// server takes.
	blockSize = 255 << 10
	// maxBlocks bounds what is kept, to 16 MiB.
	maxBlocks = 16 << 20 / blockSize
)

// A cache keeps what was read of a file last. Those who are at about the same place
// read it from the disk once; who lags behind by more than there is room for reads
// again, and never holds up the others.
type cache struct {
	file io.ReaderAt
	size int64

	mu     sync.Mutex
	blocks map[int64]*block // guarded by mu
	idle   list.List        // guarded by mu: blocks without users, the one used last at the back
	free   [][]byte         // guarded by mu: buffers of no block
	count  int              // guarded by mu: buffers in all
	held   int              // guarded by mu: who is to come back for more
}

// A block is blockSize bytes of the file, less at its end.
type block struct {
	index int64
	data  []byte
	ready chan struct{} // closed when data and err are final
	err   error

	users int           // guarded by cache.mu
	place *list.Element // guarded by cache.mu: in idle, where users is 0
}

func newCache(file io.ReaderAt, size int64) *cache {
	return &cache{file: file, size: size, blocks: map[int64]*block{}}
}

// hold keeps what was read until the last holder lets go.
func (c *cache) hold() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.held--; c.held > 0 {
			return
		}
		for e := c.idle.Front(); e != nil; e = c.idle.Front() {
			c.drop(e)
			c.count--
		}
		c.count -= len(c.free)
		c.free = nil
	}
}

// holders is how many hold the cache; at least one.
func (c *cache) holders() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(1, c.held)
}

// get is the block at index. It is given back by release.
func (c *cache) get(ctx context.Context, index int64) (*block, error) {
	b, mine := c.use(index)
	if mine {
		c.read(b)
	}
	select {
	case <-b.ready:
	case <-ctx.Done():
		c.release(b)
		return nil, context.Cause(ctx)
	}
	if b.err != nil {
		c.release(b)
		return nil, b.err
	}
	return b, nil
}

// use finds a block or makes one, which the caller is then to read.
func (c *cache) use(index int64) (b *block, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b = c.blocks[index]; b != nil {
		b.users++
		if b.place != nil {
			c.idle.Remove(b.place)
			b.place = nil
		}
		return b, false
	}
	b = &block{index: index, data: c.buffer(), ready: make(chan struct{}), users: 1}
	c.blocks[index] = b
	return b, true
}

// buffer is one that is free, or that of the block which was used longest ago, or a
// new one: all may be in use, and then nobody waits.
func (c *cache) buffer() []byte {
	if n := len(c.free); n > 0 {
		p := c.free[n-1]
		c.free = c.free[:n-1]
		return p
	}
	if oldest := c.idle.Front(); oldest != nil && c.count >= maxBlocks {
		return c.drop(oldest)
	}
	c.count++
	return make([]byte, blockSize)
}

func (c *cache) read(b *block) {
	defer close(b.ready)
	at := b.index * blockSize
	b.data = b.data[:min(blockSize, c.size-at)]
	n, err := c.file.ReadAt(b.data, at)
	if n < len(b.data) {
		b.err = fmt.Errorf("read %d bytes at %d: %w", len(b.data), at, err)
	}
}

func (c *cache) release(b *block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.users--; b.users > 0 {
		return
	}
	b.place = c.idle.PushBack(b)
	switch {
	case c.count > maxBlocks || c.held == 0:
		c.drop(b.place)
		c.count--
	case b.err != nil: // is final: who reads it is a user
		c.free = append(c.free, c.drop(b.place))
	}
}

// drop forgets a block without users, and returns its buffer.
func (c *cache) drop(e *list.Element) []byte {
	b := c.idle.Remove(e).(*block)
	delete(c.blocks, b.index)
	return b.data[:blockSize]
}
