package pool

import (
	"io"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
)

// An input is the client's end of a session's stdin. x/crypto does not allow
// Write and CloseWrite on a channel at one time, and a Write may take for ever;
// so whoever uses the input has it alone, and nobody waits for it.
type input struct {
	ch    ssh.Channel
	state atomic.Int32 // free, inUse or closed
}

const (
	free = iota
	inUse
	closed
)

// send writes all of text; it fails where the input is in use or closed.
func (in *input) send(text string) error {
	if !in.state.CompareAndSwap(free, inUse) {
		return io.ErrClosedPipe
	}
	_, err := io.WriteString(in.ch, text)
	in.state.Store(free)
	return err
}

// feed writes what r gives, and then the end of file.
func (in *input) feed(r io.Reader) {
	if !in.state.CompareAndSwap(free, inUse) {
		return
	}
	// A command that ends without reading all its input is no failure.
	_, _ = io.Copy(in.ch, r)
	_ = in.ch.CloseWrite()
	in.state.Store(closed)
}

// end closes the input, unless somebody is writing to it.
func (in *input) end() {
	if in.state.CompareAndSwap(free, closed) {
		_ = in.ch.CloseWrite()
	}
}
