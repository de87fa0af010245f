package pool

import (
	"encoding/binary"
	"net"
	"strings"
)

// A joiner writes a packet with one system call. x/crypto writes packets through a
// buffer of 4096 bytes, so that a larger one comes in two pieces: a full buffer, and
// the rest.
//
// With AES-GCM (RFC 5647) a packet is 4 bytes, some blocks of 16, and a tag of 16:
// never 4096 bytes. A piece of that size is therefore the first of two, and as the
// length of a packet is not encrypted, that is checked.
type joiner struct {
	conn   net.Conn
	tcp    *net.TCPConn // of conn: writes two pieces with writev(2)
	head   []byte       // a first piece that waits for the second
	pieces [2][]byte
	pair   net.Buffers
}

const (
	writeBuffer = 4096 // of x/crypto: the default of package bufio
	gcmOverhead = 4 + 16
	packetMax   = 256 << 10 // of x/crypto
)

// newJoiner returns nil where pieces cannot be told apart, or not be joined.
func newJoiner(nc net.Conn, cipher string) *joiner {
	j := &joiner{conn: nc}
	switch c := nc.(type) {
	case *net.TCPConn:
		j.tcp = c
	case interface{ tcp() *net.TCPConn }:
		j.tcp = c.tcp()
	}
	if j.tcp == nil || !strings.HasSuffix(cipher, "-gcm@openssh.com") {
		return nil
	}
	return j
}

// Write implements io.Writer for the one goroutine at a time that writes packets.
func (j *joiner) Write(p []byte) (int, error) {
	switch {
	case len(j.head) > 0:
		j.pieces = [2][]byte{j.head, p}
		j.pair = j.pieces[:]
		n, err := j.pair.WriteTo(j.tcp)
		n -= int64(len(j.head))
		j.head = j.head[:0]
		j.pieces = [2][]byte{}
		return int(max(n, 0)), err
	case isHead(p):
		j.head = append(j.head, p...)
		return len(p), nil
	default:
		return j.conn.Write(p)
	}
}

// isHead reports whether p is the first piece of a packet.
func isHead(p []byte) bool {
	if len(p) != writeBuffer {
		return false
	}
	size := binary.BigEndian.Uint32(p)
	return size > writeBuffer-gcmOverhead && size <= packetMax
}
