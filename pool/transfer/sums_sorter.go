package transfer

import (
	"bytes"
	"hash"
	"sync"
)

// A sorter brings parts that come in any order into theirs. It keeps those that come
// early, which are not more than a system has under way.
type sorter struct {
	mu    sync.Mutex // guards what is below
	to    hash.Hash
	next  int64
	early map[int64][]byte
}

func newSorter(to hash.Hash) *sorter { return &sorter{to: to, early: make(map[int64][]byte)} }

// WriteAt implements writerAt.
func (s *sorter) WriteAt(p []byte, offset int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if offset != s.next {
		s.early[offset] = bytes.Clone(p)
		return len(p), nil
	}
	s.take(p)
	for q := s.early[s.next]; q != nil; q = s.early[s.next] {
		delete(s.early, s.next)
		s.take(q)
	}
	return len(p), nil
}

func (s *sorter) take(p []byte) {
	_, _ = s.to.Write(p) // a hash does not fail
	s.next += int64(len(p))
}
