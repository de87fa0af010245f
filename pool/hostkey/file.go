package hostkey

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// checkEvery is how long a file is taken to be unchanged without a look.
const checkEvery = time.Second

// maxSize bounds the memory for one file: ten times the largest seen in use.
const maxSize = 256 << 20

// A file is one known_hosts file.
//
// Order of locks: io, then mu, then index.mu.
type file struct {
	path string
	warn func(string)
	now  func() time.Time

	// io admits one reader or writer of the file. It is the one lock under
	// which I/O is done: only those who need this very file wait for it.
	io      sync.Mutex
	index   atomic.Pointer[index] // changed under io; nil before the first load
	checked atomic.Int64          // when the file was last looked at, in ns

	mu    sync.Mutex
	queue []*newKey // waiting to be stored
}

// current is the file as it was less than a second ago. Whoever comes while
// somebody else looks at the file gets what is there.
func (f *file) current() *index {
	x := f.index.Load()
	if x != nil && f.now().UnixNano()-f.checked.Load() < int64(checkEvery) {
		return x
	}
	if x == nil {
		f.io.Lock()
	} else if !f.io.TryLock() {
		return x
	}
	defer f.io.Unlock()
	if y := f.index.Load(); y != x {
		return y
	}
	return f.refresh()
}

// refresh reads the file again where it has changed. f.io is held.
func (f *file) refresh() *index {
	now := f.now().UnixNano()
	defer f.checked.Store(now)
	x := f.index.Load()
	info, err := os.Stat(f.path)
	if err != nil {
		info = nil
	}
	if x != nil && !x.differs(info) {
		return x
	}
	text, info, err := read(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.warn(fmt.Sprintf("known_hosts file %q cannot be read, so its hosts are unknown: %v", f.path, err))
	}
	x = newIndex(f.path, text, f.warn)
	x.info = info
	f.index.Store(x)
	return x
}

// differs reports whether the file is another one now, or was written to.
func (x *index) differs(now fs.FileInfo) bool {
	x.mu.Lock()
	was := x.info
	x.mu.Unlock()
	if was == nil || now == nil {
		return was != nil || now != nil
	}
	return !same(was, now)
}

// same reports whether a file is the one it was, and has not been written to.
func same(was, now fs.FileInfo) bool {
	return os.SameFile(was, now) && was.Size() == now.Size() && was.ModTime().Equal(now.ModTime())
}

// read returns the text of a file and what it looked like before it was read,
// so that a change while reading is seen the next time.
func read(path string) (string, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(text) > maxSize {
		return "", info, fmt.Errorf("more than %d MiB", maxSize>>20)
	}
	return string(text), info, err
}
