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

// copySocket moves bytes from a socket. It holds a buffer only when there is
// something to read.
func (b *buffers) copySocket(to net.Conn, from syscall.RawConn, moved *atomic.Int64) error {
	r := socketReader{buffers: b}
	for {
		if err := from.Read(r.read); err != nil {
			return err // of the connection: closed
		}
		n, buf, err := r.n, r.buf, r.err
		if err == nil && n > 0 {
			err = write(to, buf[:n], moved)
		}
		if buf != nil {
			b.large.Put(buf)
		}
		if err != nil || n == 0 {
			return err
		}
	}
}

// A socketReader makes one read.
type socketReader struct {
	buffers *buffers
	buf     *[largeBuffer]byte // nil where nothing was read
	n       int
	err     error
}

// read reports whether there was something to read, or an end.
func (r *socketReader) read(fd uintptr) bool {
	r.buf = r.buffers.get()
	for {
		r.n, r.err = syscall.Read(int(fd), r.buf[:])
		if !errors.Is(r.err, syscall.EINTR) {
			break
		}
	}
	if r.err == nil {
		return true
	}
	r.buffers.large.Put(r.buf)
	r.buf, r.n = nil, 0
	return !errors.Is(r.err, syscall.EAGAIN)
}
