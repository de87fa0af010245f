package agent

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
)

// A frame is a kind, a length (4 bytes, big-endian) and a payload.
type frameKind byte

// The kinds of frames. They are never renumbered.
const (
	// From the client.
	frameRequest frameKind = 1 // a request: what to do; the first frame, and only that
	frameData    frameKind = 2 // bytes towards the host, within credit; from the agent: bytes of a stream
	frameEOF     frameKind = 3 // no more frameData comes
	frameCancel  frameKind = 4 // gaveUp: the caller gave up, and why
	frameAnswer  frameKind = 5 // answer: to a frameQuestion
	frameEntered frameKind = 6 // failure: a place was taken again, or why not

	frameClose frameKind = 7 // the stream is closed: what was sent before is delivered, and then all ends

	// From the agent.
	frameReady     frameKind = 16 // may be empty: the stream is open, the listener listens
	frameStarted   frameKind = 17 // the command was sent to the host
	frameStdout    frameKind = 18
	frameStderr    frameKind = 19
	frameCredit    frameKind = 20 // number: that many bytes of frameData more may come
	frameQuestion  frameKind = 21 // question
	frameNotice    frameKind = 22 // notice
	frameConnected frameKind = 23 // notice: a login, and how long it took
	frameLeave     frameKind = 24 // the place among the hosts at work is given up
	frameEnter     frameKind = 25 // one is asked for; frameEntered answers
	frameEnd       frameKind = 27 // ended: status or error; the last frame
	frameStop      frameKind = 28 // failure: no more bytes towards the host are taken
)

const (
	frameHeader = 5
	// maxFrame bounds the payload of a frame, maxRequest that of a request: a
	// script may be long.
	maxFrame   = 256 << 10
	maxRequest = 64 << 20
	// smallFrame is a payload that is copied rather than written beside its
	// header.
	smallFrame = 4 << 10
)

var errFrame = errors.New("this is not the agent's protocol")

// A framer reads and writes frames on a connection. One goroutine reads; any
// number may write.
type framer struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte // of the frame that was read last

	mu      sync.Mutex // one frame is written at a time: the lock stands for the connection
	pending []byte     // goes ahead of the next frame
	ended   bool       // nothing is written any more
	head    [frameHeader]byte
	out     net.Buffers
}

func newFramer(conn net.Conn, r *bufio.Reader) *framer { return &framer{conn: conn, r: r} }

// appendFrame appends a whole frame to b.
func appendFrame(b []byte, kind frameKind, payload []byte) []byte {
	b = append(b, byte(kind))
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	return append(b, payload...)
}

// write sends one frame by one system call.
func (f *framer) write(kind frameKind, payload []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writeLocked(kind, payload)
}

// writeLast sends a frame after which nothing more is sent.
func (f *framer) writeLast(kind frameKind, payload []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.writeLocked(kind, payload)
	f.ended = true
	return err
}

func (f *framer) writeLocked(kind frameKind, payload []byte) error {
	if f.ended {
		return net.ErrClosed
	}
	if len(payload) <= smallFrame {
		b := appendFrame(f.pending, kind, payload)
		f.pending = b[:0]
		_, err := f.conn.Write(b)
		return err
	}
	f.head[0] = byte(kind)
	binary.BigEndian.PutUint32(f.head[1:], uint32(len(payload)))
	f.out = append(f.out[:0], f.pending, f.head[:], payload)
	out := f.out
	_, err := out.WriteTo(f.conn)
	f.pending = f.pending[:0]
	return err
}

// flush sends what waits for the next frame.
func (f *framer) flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.conn.Write(f.pending)
	f.pending = f.pending[:0]
	return err
}

// send writes a message.
func (f *framer) send(kind frameKind, walk func(*codec)) error {
	return f.write(kind, encode(nil, walk))
}

// read returns the next frame of at most limit bytes. The payload is good until
// the next read. io.EOF is the end between two frames.
func (f *framer) read(limit int) (frameKind, []byte, error) {
	head, err := f.r.Peek(frameHeader)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	kind, n := frameKind(head[0]), int(binary.BigEndian.Uint32(head[1:]))
	if n > limit {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", errFrame, n)
	}
	_, _ = f.r.Discard(frameHeader)
	f.buf = f.buf[:0]
	for len(f.buf) < n { // memory is for what has arrived, and not for what a length promises
		at := len(f.buf)
		f.buf = slices.Grow(f.buf, min(n-at, max(at, maxFrame)))
		f.buf = f.buf[:min(n, cap(f.buf))]
		if _, err := io.ReadFull(f.r, f.buf[at:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, nil, err
		}
	}
	return kind, f.buf, nil
}
