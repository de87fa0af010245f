//go:build !unix

package tunnel

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
)

// rawSocket returns nil: a socket is read as anything else here.
func rawSocket(net.Conn) syscall.RawConn { return nil }

func (b *buffers) copySocket(net.Conn, syscall.RawConn, *atomic.Int64) error {
	return errors.ErrUnsupported
}
