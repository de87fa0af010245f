package pool

import (
	"io"

	"golang.org/x/crypto/ssh"
)

// An input is the client's end of a session's stdin. x/crypto does not allow
// Write and CloseWrite on a channel at one time, so whoever uses it has a turn.
// What the session needs in order, password, script, go and stdin, waits for the
// one before; a stop does not wait, as a Write may take for ever.
type input struct {
	ch     ssh.Channel
	turn   chan struct{} // holds one while somebody has the turn
	closed bool          // guarded by the turn
}

func newInput(ch ssh.Channel) *input {
	return &input{ch: ch, turn: make(chan struct{}, 1)}
}

// send writes all of text.
func (in *input) send(text string) error {
	in.turn <- struct{}{}
	defer func() { <-in.turn }()
	if in.closed {
		return io.ErrClosedPipe
	}
	_, err := io.WriteString(in.ch, text)
	return err
}

// feed writes what r gives, and then the end of file.
func (in *input) feed(r io.Reader) {
	in.turn <- struct{}{}
	defer func() { <-in.turn }()
	if in.closed {
		return
	}
	// A command that ends without reading all its input is no failure.
	_, _ = io.Copy(in.ch, r)
	_ = in.ch.CloseWrite()
	in.closed = true
}

// end closes the input, unless somebody is writing to it; terminal input, which
// has no end of file from outside, gets a Ctrl-C.
func (in *input) end(terminal bool) {
	select {
	case in.turn <- struct{}{}:
	default:
		return
	}
	defer func() { <-in.turn }()
	switch {
	case in.closed:
	case terminal:
		_, _ = io.WriteString(in.ch, "\x03")
	default:
		_ = in.ch.CloseWrite()
		in.closed = true
	}
}
