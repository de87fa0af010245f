package output

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// shrink moves the oldest blocks to the file until its room is within the
// limit. What a goroutine took out of the queue counts as gone at once, so
// that others do not wait for it, nor move more than needed.
func (s *store) shrink() error {
	for {
		b, off := s.victim()
		if b == nil {
			return nil
		}
		if err := s.spill.WriteAt(b.data[:b.size], off); err != nil {
			return s.fail("spill", err)
		}
		s.mu.Lock()
		s.room.give(b.data)
		b.data, b.off = nil, off
		s.mu.Unlock()
	}
}

// victim takes the oldest block out of memory's account and seals it.
func (s *store) victim() (b *block, off int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.room.used.Load() <= s.room.limit || len(s.queue) == 0 || s.err != nil {
		return nil, 0
	}
	b, s.queue[0] = s.queue[0], nil
	s.queue = s.queue[1:]
	b.sealed = true
	s.hold(-cap(b.data))
	return b, s.spill.reserve(b.size)
}

// A spillFile is a temporary file without a name, made when it is first needed.
type spillFile struct {
	dir  string
	once sync.Once
	file *os.File
	name string // set where an open file cannot be removed
	err  error
	end  int64 // guarded by store.mu
}

// reserve returns the offset of n bytes at the end of the file.
func (f *spillFile) reserve(n int) int64 {
	off := f.end
	f.end += int64(n)
	return off
}

func (f *spillFile) open() error {
	f.once.Do(func() {
		f.file, f.err = os.CreateTemp(f.dir, "fleet-gather-*")
		if f.err != nil {
			return
		}
		if os.Remove(f.file.Name()) != nil {
			f.name = f.file.Name()
		}
	})
	return f.err
}

// WriteAt writes p at off.
func (f *spillFile) WriteAt(p []byte, off int64) error {
	err := f.open()
	if err == nil {
		_, err = f.file.WriteAt(p, off)
	}
	if err != nil {
		return fmt.Errorf("%w (hint: set TMPDIR to a folder with more room)", err)
	}
	return nil
}

// ReadAt fills p from off; what is asked for was written before.
func (f *spillFile) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) }

// close gives the file back.
func (f *spillFile) close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	if f.name != "" {
		err = errors.Join(err, os.Remove(f.name))
	}
	return err
}
