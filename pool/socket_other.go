//go:build !linux

package pool

import "net"

// A pairConn writes two pieces of a packet with one call.
type pairConn struct{ *net.TCPConn }

func (c pairConn) writePair(head, tail []byte) (int, error) {
	pair := net.Buffers{head, tail}
	n, err := pair.WriteTo(c.TCPConn)
	return int(n), err
}

// direct is nc with what is known of TCP, where it is that.
func direct(nc net.Conn) net.Conn {
	if tcp, ok := nc.(*net.TCPConn); ok {
		return pairConn{tcp}
	}
	return nc
}
