package tunnel

import (
	"context"
	"errors"
	"net"
	"time"
)

// A held connection waits to be carried on. It is read meanwhile, a little: only
// so does it show that its client has given up, and may be let go.
type held struct {
	ctx    context.Context // ends when the client has given up
	end    context.CancelCauseFunc
	conn   net.Conn
	result chan []byte
}

const (
	// aheadMax is how much of a held connection is read.
	aheadMax = 4 << 10
	// halfClosedWait is how long one is held that will send no more: its client
	// has gone, or waits for an answer to all it had to say.
	halfClosedWait = 10 * time.Second
)

var errGaveUp = errors.New("the client has gone")

// hold begins to hold conn; release ends it.
func hold(ctx context.Context, conn net.Conn) *held {
	h := &held{conn: conn, result: make(chan []byte, 1)}
	h.ctx, h.end = context.WithCancelCause(ctx)
	go h.read() // ends with release
	return h
}

func (h *held) read() {
	var buf []byte
	chunk := make([]byte, 512)
	for len(buf) < aheadMax {
		n, err := h.conn.Read(chunk[:min(len(chunk), aheadMax-len(buf))])
		buf = append(buf, chunk[:n]...)
		if err != nil {
			h.ended(err)
			break
		}
	}
	h.result <- buf
}

// ended decides whether the client has given up.
func (h *held) ended(err error) {
	if !isDeadline(err) && (isReset(err) || sleep(h.ctx, halfClosedWait)) {
		h.end(errGaveUp)
	}
}

// release returns what was read.
func (h *held) release() []byte {
	h.end(nil)
	_ = h.conn.SetReadDeadline(time.Unix(1, 0))
	buf := <-h.result
	_ = h.conn.SetReadDeadline(time.Time{})
	return buf
}
