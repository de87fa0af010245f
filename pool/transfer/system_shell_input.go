package transfer

import (
	"context"
	"errors"
	"io"
	"sync"
)

// An input makes pieces without gaps the stdin of a command. A piece counts as
// confirmed when the command's input has taken it; whether the host has it on its
// disk, the end of the command tells.
type input struct {
	ctx    context.Context
	cancel context.CancelFunc
	from   pieces
	begin  int64

	mu     sync.Mutex // held while a piece is in use; next may wait with it held
	piece  piece
	rest   []byte
	next   int64
	failed error
}

// newInput gets the first piece, which tells where the command has to begin. The
// error is io.EOF where there is none.
func newInput(ctx context.Context, from pieces) (*input, error) {
	first, err := from.next(ctx, largeData)
	if err != nil {
		return nil, err
	}
	in := &input{from: from, begin: first.offset, next: first.offset, piece: first, rest: first.data}
	in.ctx, in.cancel = context.WithCancel(ctx)
	return in, nil
}

// Read implements io.Reader. Its errors end the input of the command, which cannot
// tell them from its end: failure does.
func (in *input) Read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.fill(); err != nil {
		return 0, err
	}
	n := copy(p, in.rest)
	in.took(n)
	return n, nil
}

// WriteTo implements io.WriterTo, without a copy.
func (in *input) WriteTo(w io.Writer) (int64, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	var all int64
	for {
		if err := in.fill(); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return all, err
		}
		n, err := w.Write(in.rest)
		in.took(n)
		all += int64(n)
		if err != nil {
			return all, err
		}
	}
}

// fill gets the next piece where the last one is used up.
func (in *input) fill() error {
	if in.failed != nil {
		return in.failed
	}
	if len(in.rest) > 0 {
		return nil
	}
	p, err := in.from.next(in.ctx, largeData)
	if err == nil && p.offset != in.next {
		p.done(false)
		err = errors.New("a command cannot write a file with gaps")
	}
	if err != nil {
		in.failed = err
		return err
	}
	in.piece, in.rest = p, p.data
	return nil
}

// took notes that n bytes are on their way.
func (in *input) took(n int) {
	in.rest = in.rest[n:]
	in.next += int64(n)
	if len(in.rest) == 0 && n > 0 {
		in.piece.done(true)
	}
}

// Close gives up what was not taken.
func (in *input) Close() error {
	in.cancel()
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.rest) > 0 {
		in.rest = nil
		in.piece.done(false)
	}
	if in.failed == nil {
		in.failed = io.ErrClosedPipe
	}
	return nil
}

// failure is why the input ended before its end, or nil.
func (in *input) failure() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if errors.Is(in.failed, io.EOF) {
		return nil
	}
	return in.failed
}

// reached is where the next byte would go.
func (in *input) reached() int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.next
}
