package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// A spool holds what one reader says for any number of readers, each of which
// gets all of it from the beginning, at its own pace. It is a file without a
// name, so it may be larger than memory.
type spool struct {
	file *os.File

	mu    sync.Mutex
	more  *sync.Cond // something of what follows changed
	size  int64
	ended bool
	err   error // why it ended; nil at the end of input
}

// newSpool starts to copy from in. The copying ends with in: a process that
// ends before does not wait for it, as a terminal's input may never end.
func newSpool(in io.Reader) (*spool, error) {
	f, err := os.CreateTemp("", "fleet-stdin-")
	if err != nil {
		return nil, fmt.Errorf("a place to keep standard input: %w", err)
	}
	_ = os.Remove(f.Name()) // where a file in use cannot be removed, close does
	s := &spool{file: f}
	s.more = sync.NewCond(&s.mu)
	go s.fill(in)
	return s, nil
}

func (s *spool) fill(in io.Reader) {
	buf := make([]byte, 64<<10)
	var at int64
	for {
		n, err := in.Read(buf)
		if n > 0 {
			if _, werr := s.file.WriteAt(buf[:n], at); werr != nil {
				err = werr
			} else {
				at += int64(n)
			}
		}
		s.mu.Lock()
		s.size = at
		if err != nil {
			s.ended = true
			if !errors.Is(err, io.EOF) {
				s.err = err
			}
		}
		s.more.Broadcast()
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// close gives the file back.
func (s *spool) close() {
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}

// failure is why standard input could not be kept, nil where it could.
func (s *spool) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
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
	s := r.spool
	s.mu.Lock()
	for r.at == s.size && !s.ended && !r.closed {
		s.more.Wait()
	}
	size, closed := s.size, r.closed
	s.mu.Unlock()
	if closed || r.at == size {
		return 0, io.EOF
	}
	n, err := s.file.ReadAt(p[:min(int64(len(p)), size-r.at)], r.at)
	r.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// Close implements io.Closer.
func (r *spoolReader) Close() error {
	r.spool.mu.Lock()
	defer r.spool.mu.Unlock()
	r.closed = true
	r.spool.more.Broadcast()
	return nil
}
