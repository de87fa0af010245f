package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
)

// spoolAhead bounds what a spool takes in before anybody has asked for it, in
// bytes: an input without end, such as that of yes(1), must not fill the disk
// while hosts are connecting.
const spoolAhead = 16 << 20

// A spool holds what one reader says for any number of readers, each of which
// gets all of it from the beginning, at its own pace. It is a file without a
// name, so it may be larger than memory; it never is much larger than what the
// fastest reader has taken.
type spool struct {
	file   *os.File
	failed func(error) // told when the input cannot be read or kept

	mu      sync.Mutex
	changed *sync.Cond // something of what follows did; its lock is mu
	size    int64      // what the file holds
	taken   int64      // how far the fastest reader is
	ahead   int64      // how much further it may be read
	ended   bool       // size is all there is
	closed  bool
}

// newSpool starts to copy from in. The copying ends with in, or when close
// finds it waiting: a process that ends before does not wait for it, as a
// terminal's input may never end. After a failure, of which failed is told, no
// reader ever sees an end: a command must not take half of its input for all.
func newSpool(in io.Reader, failed func(error)) (*spool, error) {
	f, err := os.CreateTemp("", "fleet-stdin-")
	if err != nil {
		return nil, fmt.Errorf("a place to keep standard input: %w", err)
	}
	_ = os.Remove(f.Name()) // where a file in use cannot be removed, close does
	s := &spool{file: f, failed: failed, ahead: spoolAhead}
	s.changed = sync.NewCond(&s.mu)
	go s.fill(in)
	return s, nil
}

// fill copies from in, a piece at a time.
func (s *spool) fill(in io.Reader) {
	buf := make([]byte, 64<<10)
	for s.room() {
		n, err := in.Read(buf)
		if n > 0 {
			if _, werr := s.file.WriteAt(buf[:n], s.size); werr != nil { // only fill changes size
				n, err = 0, werr
			}
		}
		end := errors.Is(err, io.EOF)
		s.mu.Lock()
		s.size += int64(n)
		s.ended = end
		closed := s.closed
		s.changed.Broadcast()
		s.mu.Unlock()
		switch {
		case end || closed:
			return
		case err != nil:
			s.failed(fmt.Errorf("standard input: %w", err))
			return
		}
	}
}

// room waits until there is a use for more. It is false after close.
func (s *spool) room() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.size-s.taken >= s.ahead && !s.closed {
		s.changed.Wait()
	}
	return !s.closed
}

// whole takes all of the input in, however much it is, and returns when it has ended or
// ctx has.
func (s *spool) whole(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead = math.MaxInt64
	s.changed.Broadcast()
	for !s.ended && ctx.Err() == nil {
		s.changed.Wait()
	}
}

// close gives the file back. All readers are at their end then.
func (s *spool) close() {
	s.mu.Lock()
	s.closed = true
	s.changed.Broadcast()
	s.mu.Unlock()
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}

// reader returns a new reader from the beginning. Close unblocks its Read.
func (s *spool) reader() io.ReadCloser { return &spoolReader{spool: s} }

type spoolReader struct {
	spool  *spool
	at     int64
	closed bool // guarded by spool.mu
}

// Read implements io.Reader.
func (r *spoolReader) Read(p []byte) (int, error) {
	n := r.wait(len(p))
	if n == 0 {
		return 0, io.EOF
	}
	n, err := r.spool.file.ReadAt(p[:n], r.at)
	r.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// wait returns how much there is to read, at most n; 0 at the end.
func (r *spoolReader) wait(n int) int {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.at > s.taken {
		s.taken = r.at
		s.changed.Broadcast()
	}
	for r.at == s.size && !s.ended && !r.closed && !s.closed {
		s.changed.Wait()
	}
	if r.closed || s.closed {
		return 0
	}
	return int(min(int64(n), s.size-r.at))
}

// Close implements io.Closer.
func (r *spoolReader) Close() error {
	r.spool.mu.Lock()
	defer r.spool.mu.Unlock()
	r.closed = true
	r.spool.changed.Broadcast()
	return nil
}
