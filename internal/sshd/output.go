package sshd

import (
	"io"
	"net"
	"sync"
)

// output counts what commands write, for the fault that cuts a connection in
// the middle of it.
type output struct {
	conn *conn
	to   io.Writer
}

func (o *output) Write(p []byte) (int, error) {
	if !o.conn.cutsOutput {
		return o.to.Write(p)
	}
	left := o.conn.outputLeft.Add(-int64(len(p)))
	if left > 0 {
		return o.to.Write(p)
	}
	n, _ := o.to.Write(p[:max(0, int64(len(p))+left)])
	_ = o.conn.link.Close()
	return n, net.ErrClosed
}

// buffers are for copying; sessions come and go, buffers stay.
type buffers struct{ pool sync.Pool }

const bufferSize = 32 << 10 // one packet of the channel

func (b *buffers) copy(to io.Writer, from io.Reader) error {
	buf, ok := b.pool.Get().(*[bufferSize]byte)
	if !ok {
		buf = new([bufferSize]byte)
	}
	defer b.pool.Put(buf)
	for {
		n, err := from.Read(buf[:])
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// discard reads to the end, so that the client's window never runs dry.
func (b *buffers) discard(from io.Reader) { _ = b.copy(io.Discard, from) }
