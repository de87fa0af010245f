package tunnel

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Sizes of buffers. A direction on which little flows holds a small one: there
// may be thousands.
const (
	smallBuffer = 2 << 10
	largeBuffer = 64 << 10
)

// buffers lends large buffers to directions on which much flows.
type buffers struct{ large sync.Pool }

func (b *buffers) get() *[largeBuffer]byte {
	if buf, ok := b.large.Get().(*[largeBuffer]byte); ok {
		return buf
	}
	return new([largeBuffer]byte)
}

// copy moves bytes until from ends, which is no error, or something fails.
func (b *buffers) copy(to, from net.Conn, moved *atomic.Int64) error {
	small := make([]byte, smallBuffer)
	var large *[largeBuffer]byte
	defer func() {
		if large != nil {
			b.large.Put(large)
		}
	}()
	buf := small
	for {
		n, err := from.Read(buf)
		if n > 0 {
			m, werr := to.Write(buf[:n])
			moved.Add(int64(m))
			if werr != nil {
				return werr
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case large == nil && n == smallBuffer:
			large = b.get()
			buf = large[:]
		case large != nil && n < smallBuffer:
			b.large.Put(large)
			large, buf = nil, small
		}
	}
}
