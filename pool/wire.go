package pool

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// headMax is how much of what the server said first is kept, to tell what it
// was when no SSH connection came of it.
const headMax = 256

// A wire is the byte stream under one SSH connection. It counts what arrives
// (for keepalives), keeps the first bytes (x/crypto drops the text a server
// sends in place of its banner), and spares system calls: it reads in large
// pieces, and joins the pieces in which x/crypto writes a packet.
type wire struct {
	net.Conn
	received atomic.Int64 // bytes so far
	sent     atomic.Int64 // bytes so far
	puller   puller       // reads what is there; nil where the Conn cannot
	joiner   *joiner      // writes; nil where nothing is to be joined. Set by settle

	mu   sync.Mutex
	head []byte // first bytes received; guarded by mu
	tap  *tap   // copies the handshake for a trace; nil otherwise

	// Only the reading goroutine touches what follows.
	greeted func()  // told when the banner begins; nil after that
	hurry   func()  // asks for an immediate acknowledgement; nil where there is no need
	early   []byte  // holds read-ahead bytes of the handshake
	big     *[]byte // holds read-ahead bytes while much arrives
	ahead   []byte  // the unread part of early or *big
	full    bool    // the last read filled its buffer: more is waiting

	login   atomic.Bool // the login has begun
	settled atomic.Bool // the handshake is over
	life    life
}

// bigRead is the size of one read while much arrives: 8 packets of 32 KiB.
const bigRead = 256 << 10

// bigBuffers lends read buffers to the connections that are busy at the moment:
// idle ones hold none.
var bigBuffers = sync.Pool{New: func() any { b := make([]byte, bigRead); return &b }}

// A puller reads all that has arrived, in one call, into a buffer that it takes from
// bigBuffers when there is something to read, and not before: thousands of
// connections may wait. The buffer is the caller's, to give back.
type puller interface {
	pull() (buf *[]byte, n int, err error)
}

func newWire(nc net.Conn, t *tap) *wire {
	w := &wire{Conn: direct(nc), hurry: quickAck(nc), tap: t}
	w.puller, _ = w.Conn.(puller)
	return w
}

// Read implements io.Reader for the one goroutine that reads packets.
func (w *wire) Read(p []byte) (int, error) {
	if w.ahead != nil {
		return w.fromAhead(p), nil
	}
	w.life.ask()
	n, err := w.receive(p)
	w.life.told(err)
	return n, err
}

// receive reads from the network.
func (w *wire) receive(p []byte) (int, error) {
	if !w.settled.Load() {
		return w.handshakeRead(p)
	}
	if w.puller != nil {
		big, n, err := w.puller.pull()
		w.received.Add(int64(n))
		if n > 0 {
			w.big, w.ahead = big, (*big)[:n]
			n = w.fromAhead(p)
		}
		return n, err
	}
	if w.full {
		w.full = false
		w.big = bigBuffers.Get().(*[]byte)
		n, err := w.Conn.Read(*w.big)
		w.received.Add(int64(n))
		if n == 0 {
			w.release()
			return 0, err
		}
		w.full = n >= bigRead/4
		w.ahead = (*w.big)[:n]
		return w.fromAhead(p), nil // an error comes again with the next read
	}
	n, err := w.Conn.Read(p)
	w.received.Add(int64(n))
	w.full = n == len(p) && n >= 4096
	return n, err
}

// handshakeRead is Read before the handshake is over. x/crypto reads the
// version line byte by byte, so those reads are served from a buffer.
func (w *wire) handshakeRead(p []byte) (int, error) {
	to := p
	if len(p) == 1 {
		if w.early == nil {
			w.early = make([]byte, headMax)
		}
		to = w.early
	}
	n, err := w.Conn.Read(to)
	w.received.Add(int64(n))
	w.observe(to[:n])
	if len(p) == 1 && n > 0 {
		w.ahead = to[:n]
		return w.fromAhead(p), nil
	}
	return n, err
}

func (w *wire) fromAhead(p []byte) int {
	n := copy(p, w.ahead)
	w.ahead = w.ahead[n:]
	if len(w.ahead) == 0 {
		w.release()
	}
	return n
}

func (w *wire) release() {
	w.ahead = nil
	if w.big != nil {
		bigBuffers.Put(w.big)
		w.big = nil
	}
}

// observe takes note of what arrived during the handshake.
func (w *wire) observe(b []byte) {
	if w.hurry != nil && w.login.Load() {
		w.hurry()
	}
	if w.tap != nil {
		w.tap.in(b)
	}
	w.mu.Lock()
	if room := headMax - len(w.head); room > 0 {
		w.head = append(w.head, b[:min(room, len(b))]...)
		if w.greeted != nil && bytes.Contains(w.head, []byte("SSH-")) {
			w.greeted()
			w.greeted = nil
		}
	}
	w.mu.Unlock()
}

// Write implements io.Writer. It fails after the last Read has: nobody would hear
// the answer, and x/crypto would wait for it where it opens a channel.
func (w *wire) Write(p []byte) (int, error) {
	if w.life.over() {
		return 0, net.ErrClosed
	}
	n, err := w.send(p)
	w.sent.Add(int64(n))
	if err != nil {
		w.life.end()
	}
	return n, err
}

func (w *wire) send(p []byte) (int, error) {
	switch {
	case !w.settled.Load():
		if w.tap != nil {
			w.tap.out(p)
		}
	case w.joiner != nil:
		return w.joiner.Write(p)
	}
	return w.Conn.Write(p)
}

// Close ends both directions.
func (w *wire) Close() error {
	w.life.end()
	return w.Conn.Close()
}

// settle ends the handshake: from here on reads are only counted. cipher is that of
// what is written.
func (w *wire) settle(cipher string) {
	w.joiner = newJoiner(w.Conn, cipher)
	w.settled.Store(true)
	w.mu.Lock()
	w.head = nil
	w.mu.Unlock()
}

// follow makes the next packet wait for the one after it, where it can, and closes
// waits when that is to be sent, at the latest in release.
func (w *wire) follow(waits chan struct{}) (release func()) {
	if w.joiner == nil {
		close(waits)
		return func() {}
	}
	return w.joiner.follow(waits)
}

// firstBytes is what the server said first, while the handshake lasts.
func (w *wire) firstBytes() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.head
}

var _ io.ReadWriteCloser = (*wire)(nil)
