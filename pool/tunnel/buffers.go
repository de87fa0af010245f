package tunnel

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Thousands of connections may be open, and nothing flow on most of them. So a
// direction holds little while it waits: nothing, where the system tells that
// there is something to read, and a small buffer, where only a Read does. A large
// one is borrowed for as long as there is something to move at once.
const (
	smallBuffer = 2 << 10
	largeBuffer = 64 << 10
	hugeBuffer  = 256 << 10
	// keepers is how many directions may have a huge buffer, and keep it while they
	// wait for more, as the next bytes then take one step in place of two. They are
	// the first ones on which much flows.
	keepers = 32
)

// buffers lends buffers that are not small.
type buffers struct {
	large, huge sync.Pool
	kept        atomic.Int64 // huge ones that are lent
}

func (b *buffers) get() *[largeBuffer]byte {
	if buf, ok := b.large.Get().(*[largeBuffer]byte); ok {
		return buf
	}
	return new([largeBuffer]byte)
}

// getHuge returns nil where there are enough of them.
func (b *buffers) getHuge() *[hugeBuffer]byte {
	if b.kept.Add(1) > keepers {
		b.kept.Add(-1)
		return nil
	}
	if buf, ok := b.huge.Get().(*[hugeBuffer]byte); ok {
		return buf
	}
	return new([hugeBuffer]byte)
}

func (b *buffers) putHuge(buf *[hugeBuffer]byte) {
	b.huge.Put(buf)
	b.kept.Add(-1)
}

// copy moves bytes until from ends, which is no error, or something fails.
func (b *buffers) copy(to, from net.Conn, moved *atomic.Int64) error {
	if raw := rawSocket(from); raw != nil {
		return b.copySocket(to, raw, moved)
	}
	c := copier{buffers: b, small: make([]byte, smallBuffer)}
	defer c.shrink()
	for {
		buf := c.buffer()
		n, err := from.Read(buf)
		if werr := write(to, buf[:n], moved); werr != nil {
			return werr
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		c.filled(n)
	}
}

// write writes what there is.
func write(to net.Conn, p []byte, moved *atomic.Int64) error {
	if len(p) == 0 {
		return nil
	}
	n, err := to.Write(p)
	moved.Add(int64(n))
	return err
}

// A copier chooses the buffer of one direction.
type copier struct {
	buffers *buffers
	small   []byte
	large   *[largeBuffer]byte // nil where there is none
	huge    *[hugeBuffer]byte  // nil where there is none; in place of large
}

func (c *copier) buffer() []byte {
	switch {
	case c.huge != nil:
		return c.huge[:]
	case c.large != nil:
		return c.large[:]
	}
	return c.small
}

// filled chooses the next buffer after n bytes came.
func (c *copier) filled(n int) {
	switch {
	case c.large == nil && c.huge == nil:
		if n == smallBuffer {
			c.large = c.buffers.get()
		}
	case n < smallBuffer:
		c.shrink()
	case c.huge == nil:
		huge := c.buffers.getHuge()
		if huge == nil && n == largeBuffer {
			return // there is more at the moment
		}
		c.shrink()
		c.huge = huge
	}
}

// shrink gives the buffer back.
func (c *copier) shrink() {
	if c.large != nil {
		c.buffers.large.Put(c.large)
		c.large = nil
	}
	if c.huge != nil {
		c.buffers.putHuge(c.huge)
		c.huge = nil
	}
}
