package pool

import (
	"encoding/binary"
	"net"
	"strings"
	"sync/atomic"
)

// A joiner writes a packet with one system call, and two packets where it is told
// that another one follows. x/crypto writes packets through a buffer of 4096 bytes,
// so that a larger one comes in two pieces: a full buffer, and the rest.
//
// With AES-GCM (RFC 5647) a packet is 4 bytes, some blocks of 16, and a tag of 16:
// never 4096 bytes. A piece of that size is therefore the first of two, and as the
// length of a packet is not encrypted, that is checked.
type joiner struct {
	conn net.Conn
	pair pairWriter // conn
	head []byte     // a first piece that waits for the second, or a packet for the next

	follower atomic.Pointer[chan struct{}] // closed when a packet waits; nil where none is to
}

// A pairWriter writes two pieces with one call of writev(2).
type pairWriter interface {
	writePair(head, tail []byte) (int, error)
}

const (
	writeBuffer = 4096 // of x/crypto: the default of package bufio
	gcmOverhead = 4 + 16
	packetMax   = 256 << 10 // of x/crypto
)

// newJoiner returns nil where pieces cannot be told apart, or not be joined.
func newJoiner(nc net.Conn, cipher string) *joiner {
	pair, ok := nc.(pairWriter)
	if !ok || !strings.HasSuffix(cipher, "-gcm@openssh.com") {
		return nil
	}
	return &joiner{conn: nc, pair: pair}
}

// Write implements io.Writer for the one goroutine at a time that writes packets.
func (j *joiner) Write(p []byte) (int, error) {
	switch {
	case len(j.head) > 0:
		n, err := j.pair.writePair(j.head, p)
		n -= len(j.head)
		j.head = j.head[:0]
		return max(n, 0), err
	case isHead(p):
		j.head = append(j.head, p...)
		return len(p), nil
	}
	if waits := j.follower.Swap(nil); waits != nil {
		j.head = append(j.head, p...)
		close(*waits)
		return len(p), nil
	}
	return j.conn.Write(p)
}

// follow makes the next packet wait for the one after it, and closes waits then. Who
// sends the other one has to do so, also where release was what closed waits: no
// packet came, or it had no need to wait.
func (j *joiner) follow(waits chan struct{}) (release func()) {
	p := &waits
	j.follower.Store(p)
	return func() {
		if j.follower.CompareAndSwap(p, nil) {
			close(waits)
		}
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
