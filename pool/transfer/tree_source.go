package transfer

import "sync"

// A sharedSource is a large file of a tree, open as long as it goes to any host, so
// that one read serves them all.
type sharedSource struct {
	users int // guarded by Tree.mu
	open  sync.Once
	src   *Source
	err   error
}

// source opens entry i, or joins those to whom it is being sent.
func (t *Tree) source(i int) (src *Source, release func(), err error) {
	t.mu.Lock()
	s := t.sources[i]
	if s == nil {
		s = new(sharedSource)
		t.sources[i] = s
	}
	s.users++
	t.mu.Unlock()
	release = func() {
		t.mu.Lock()
		s.users--
		last := s.users == 0
		if last {
			delete(t.sources, i)
		}
		t.mu.Unlock()
		if last && s.src != nil {
			_ = s.src.Close() // it was open for reading alone
		}
	}
	s.open.Do(func() {
		f, err := t.open(&t.entries[i])
		if err != nil {
			s.err = err
			return
		}
		s.src, s.err = newFileSource(t.local(t.entries[i].path), f)
	})
	if s.err != nil {
		release()
		return nil, nil, s.err
	}
	return s.src, release, nil
}
