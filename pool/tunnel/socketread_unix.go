//go:build unix

package tunnel

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
)

// rawSocket returns access to the descriptor of a socket of this machine; nil for
// anything else.
func rawSocket(conn net.Conn) syscall.RawConn {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// x/crypto keeps the largest packet that was ever written to a channel, for the
// life of the channel. So the first bytes go in small pieces, until it shows that
// more than some words are sent.
const (
	firstPiece = 4 << 10
	firstBytes = 32 << 10 // that came without a pause
)

// copySocket moves bytes from a socket. It holds a buffer only when there is
// something to read.
func (b *buffers) copySocket(to net.Conn, from syscall.RawConn, moved *atomic.Int64) error {
	r := socketReader{buffers: b, piece: firstPiece}
	for {
		if err := from.Read(r.read); err != nil {
			return err // of the connection: closed
		}
		n, err := r.n, r.err
		if err == nil && n > 0 {
			err = write(to, r.buf[:n], moved)
		}
		r.giveBack()
		if err != nil || n == 0 {
			return err
		}
		r.adapt(n)
	}
}

// A socketReader makes one read.
type socketReader struct {
	buffers *buffers
	piece   int // how much is read at once
	flowed  int // without a pause, while pieces are small

	buf   []byte // what the next two have; nil where nothing was read
	large *[largeBuffer]byte
	huge  *[hugeBuffer]byte
	n     int
	err   error
}

// read reports whether there was something to read, or an end.
func (r *socketReader) read(fd uintptr) bool {
	r.take()
	for {
		r.n, r.err = syscall.Read(int(fd), r.buf)
		if !errors.Is(r.err, syscall.EINTR) {
			break
		}
	}
	if r.err == nil {
		return true
	}
	r.giveBack()
	r.n = 0
	return !errors.Is(r.err, syscall.EAGAIN)
}

// take borrows a buffer for a piece.
func (r *socketReader) take() {
	if r.piece == hugeBuffer {
		if r.huge = r.buffers.getHuge(); r.huge != nil {
			r.buf = r.huge[:]
			return
		}
	}
	r.large = r.buffers.get()
	r.buf = r.large[:min(r.piece, largeBuffer)]
}

func (r *socketReader) giveBack() {
	if r.large != nil {
		r.buffers.large.Put(r.large)
	}
	if r.huge != nil {
		r.buffers.putHuge(r.huge)
	}
	r.buf, r.large, r.huge = nil, nil, nil
}

// adapt chooses the next piece after n bytes came.
func (r *socketReader) adapt(n int) {
	switch {
	case r.piece > firstPiece && n >= largeBuffer:
		r.piece = hugeBuffer
	case r.piece > firstPiece:
		r.piece = largeBuffer
	case n < firstPiece:
		r.flowed = 0
	default:
		if r.flowed += n; r.flowed >= firstBytes {
			r.piece = largeBuffer
		}
	}
}
