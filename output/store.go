package output

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// blockSize is the largest piece in which content is kept, spilled and read
// back.
const blockSize = 64 << 10

// A store keeps what many hosts print, identical parts once.
//
// It is a tree of nodes. A node holds content; its children hold what follows
// where a host differed from it, and each knows at which offset it branched
// off. A host is a cursor into the tree: the bytes it brings are compared with
// what stands behind the cursor, and only where nothing stands yet, or
// something else does, are they added. So two cursors are at the same place
// exactly if their hosts printed the same, and a host costs nothing beyond its
// cursor as long as it prints what another one did.
//
// Memory is bounded: beyond the limit of its room the oldest blocks move to a file, written
// by the goroutine whose bytes caused it, outside the lock.
type store struct {
	room  *room
	spill spillFile
	bufs  buffers

	// Lock order: mu, then that of the room.
	mu     sync.Mutex
	ram    int64    // capacity of all blocks in memory
	queue  []*block // blocks in memory, oldest first
	err    error    // the file failed: nothing more is taken
	closed bool
}

type node struct {
	parent   *node
	at       int64 // offset in parent where this one branched off
	size     int64
	blocks   []*block
	children map[branch]*node
}

// A branch is where a child leaves its parent and the byte it begins with.
type branch struct {
	at    int64
	first byte
}

// A block is a piece of a node's content. All but the last of a node are
// sealed: they never change again.
type block struct {
	data   []byte // nil once in the file
	size   int
	sealed bool
	off    int64 // in the file
}

// A cursor is a place in a store. It belongs to one stream of one host, whose
// writes must not overlap.
type cursor struct {
	node  *node
	pos   int64 // within node
	block int   // index of the block that holds pos
	off   int   // within that block
	cut   bool  // the store could not take all
}

// A place identifies content: cursors at equal places have equal content.
type place struct {
	node *node
	pos  int64
	cut  bool
}

func (c *cursor) place() place { return place{c.node, c.pos, c.cut} }

// A room is the memory that stores share. What is more than its limit moves to
// the file of the store that needs more.
type room struct {
	limit int64
	used  atomic.Int64

	mu   sync.Mutex
	free [][]byte // full-size buffers of blocks that moved to a file
}

// maxFree bounds the buffers that are kept for later.
const maxFree = 64

// buffer returns an empty buffer of full size.
func (r *room) buffer() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last := len(r.free) - 1; last >= 0 {
		buf := r.free[last]
		r.free = r.free[:last]
		return buf[:0]
	}
	return make([]byte, 0, blockSize)
}

// give takes a buffer back that nobody uses any more.
func (r *room) give(buf []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cap(buf) == blockSize && len(r.free) < maxFree {
		r.free = append(r.free, buf)
	}
}

func newStore(r *room, dir string) *store {
	return &store{room: r, spill: spillFile{dir: dir}}
}

// hold notes that blocks take n more bytes of memory; mu is held.
func (s *store) hold(n int) {
	s.ram += int64(n)
	s.room.used.Add(int64(n))
}

// drop gives all memory and the file back. Nothing is read after it.
func (s *store) drop() error {
	s.mu.Lock()
	s.closed = true
	s.hold(-int(s.ram))
	s.queue = nil
	s.mu.Unlock()
	return s.spill.close()
}

// write adds p at c.
func (s *store) write(c *cursor, p []byte) error {
	for {
		n, spilled := s.step(c, p)
		p = p[n:]
		if spilled == nil {
			return s.shrink()
		}
		n, err := s.compare(c, spilled, p)
		if err != nil {
			c.cut = true
			return err
		}
		p = p[n:]
	}
}

// step takes as much of p as it can without reading the file. It returns a
// block when c stands in one that is there.
func (s *store) step(c *cursor, p []byte) (n int, spilled *block) {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := len(p)
	for len(p) > 0 {
		if s.err != nil || s.closed {
			c.cut = true
			return total, nil
		}
		b := c.current()
		switch {
		case b == nil:
			s.extend(c, p)
			return total, nil
		case b.data == nil:
			return total - len(p), b
		}
		m := common(b.data[c.off:b.size], p)
		c.advance(m)
		p = p[m:]
		if len(p) > 0 && c.off < b.size {
			c.fork(p[0])
		}
	}
	return total, nil
}

// compare is step for a block in the file.
func (s *store) compare(c *cursor, b *block, p []byte) (int, error) {
	lent := s.bufs.take()
	defer s.bufs.give(lent)
	*lent = slices.Grow(*lent, blockSize)
	buf := (*lent)[:min(b.size-c.off, len(p))]
	if _, err := s.spill.ReadAt(buf, b.off+int64(c.off)); err != nil {
		return 0, s.fail("read back", err)
	}
	n := common(buf, p)
	c.advance(n)
	if n < len(buf) {
		s.mu.Lock()
		c.fork(p[n])
		s.mu.Unlock()
	}
	return n, nil
}

// current is the block that c stands in, nil at the end of its node.
func (c *cursor) current() *block {
	for c.block < len(c.node.blocks) {
		if b := c.node.blocks[c.block]; c.off < b.size {
			return b
		}
		if c.block == len(c.node.blocks)-1 {
			return nil
		}
		c.block, c.off = c.block+1, 0
	}
	return nil
}

func (c *cursor) advance(n int) {
	c.pos += int64(n)
	c.off += n
}

// fork moves c into the child that begins with first; store.mu is held.
func (c *cursor) fork(first byte) {
	k := branch{c.pos, first}
	child := c.node.children[k]
	if child == nil {
		child = &node{parent: c.node, at: c.pos}
		if c.node.children == nil {
			c.node.children = make(map[branch]*node)
		}
		c.node.children[k] = child
	}
	*c = cursor{node: child}
}

// extend adds p at the end of the node of c; store.mu is held.
func (s *store) extend(c *cursor, p []byte) {
	n := c.node
	for len(p) > 0 {
		b := n.tail()
		if b == nil || b.sealed {
			b = &block{data: s.buffer(max(len(p), int(min(n.size, blockSize))))}
			s.hold(cap(b.data))
			s.queue = append(s.queue, b)
			n.blocks = append(n.blocks, b)
		}
		s.grow(b, len(p))
		m := min(len(p), cap(b.data)-b.size)
		b.data = append(b.data, p[:m]...)
		b.size += m
		b.sealed = b.size == blockSize
		n.size += int64(m)
		p = p[m:]
	}
	c.block, c.off, c.pos = len(n.blocks)-1, n.tail().size, n.size
}

func (n *node) tail() *block {
	if len(n.blocks) == 0 {
		return nil
	}
	return n.blocks[len(n.blocks)-1]
}

// buffer returns an empty buffer for n more bytes; small output gets a small
// one, since there may be ten thousand hosts with one line each.
func (s *store) buffer(n int) []byte {
	if n < blockSize/2 {
		return make([]byte, 0, n)
	}
	return s.room.buffer()
}

// grow makes room for n more bytes in b, up to the size of a block.
func (s *store) grow(b *block, n int) {
	if cap(b.data)-b.size >= n || cap(b.data) >= blockSize {
		return
	}
	data := append(s.buffer(min(max(b.size+n, 2*b.size), blockSize)), b.data...)
	s.hold(cap(data) - cap(b.data))
	b.data = data
}

// common is the length of what a and b begin with alike.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	if bytes.Equal(a[:n], b[:n]) {
		return n
	}
	const stride = 128
	i := 0
	for i+stride <= n && bytes.Equal(a[i:i+stride], b[i:i+stride]) {
		i += stride
	}
	for a[i] == b[i] {
		i++
	}
	return i
}

// read calls fn with the content at p, piece by piece. The store must be
// closed.
func (s *store) read(p place, fn func([]byte) error) error {
	if p.node == nil {
		return nil
	}
	if p.node.parent != nil {
		if err := s.read(place{node: p.node.parent, pos: p.node.at}, fn); err != nil {
			return err
		}
	}
	left := p.pos
	var buf []byte
	for _, b := range p.node.blocks {
		if left == 0 {
			break
		}
		m := int(min(left, int64(b.size)))
		left -= int64(m)
		s.mu.Lock()
		data := b.data
		s.mu.Unlock()
		if data == nil {
			if buf == nil {
				buf = make([]byte, blockSize)
			}
			data = buf[:m]
			if _, err := s.spill.ReadAt(data, b.off); err != nil {
				return s.fail("read back", err)
			}
		}
		if err := fn(data[:m]); err != nil {
			return err
		}
	}
	return nil
}

// length is the number of bytes at p.
func (p place) length() int64 {
	n := p.pos
	for d := p.node; d != nil && d.parent != nil; d = d.parent {
		n += d.at
	}
	return n
}

// seal ends writing: later writes are ignored.
func (s *store) seal() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
}

func (s *store) fail(op string, err error) error {
	err = fmt.Errorf("%s gathered output: %w", op, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	return err
}
