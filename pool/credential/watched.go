package credential

import (
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

// maxFile bounds a key or certificate file.
const maxFile = 1 << 20

type parser[T any] func(path string, data []byte, info fs.FileInfo) T

// A watched file is parsed once, and again when it has changed: certificates
// are renewed, keys are rotated, and a resident process lives on.
type watched[T any] struct {
	path  string
	parse parser[T]

	// io admits one reader of the file. It is held during I/O, since only
	// those who need this very file wait for it.
	io    sync.Mutex
	old   atomic.Bool // the next one looks, however short the last look ago
	state atomic.Pointer[parsedFile[T]]
}

type parsedFile[T any] struct {
	value   T
	err     error       // why there is no value
	info    fs.FileInfo // nil when the file could not be opened
	checked time.Time
}

// get returns the file as it was less than a second ago, and not before the Store
// served somebody else. Whoever comes while
// somebody else looks at the file gets what is there.
func (w *watched[T]) get() (T, error) {
	now := time.Now()
	s := w.state.Load()
	if s != nil && !w.old.Load() && now.Sub(s.checked) < checkEvery {
		return s.value, s.err
	}
	if s == nil {
		w.io.Lock()
	} else if !w.io.TryLock() {
		return s.value, s.err
	}
	defer w.io.Unlock()
	if current := w.state.Load(); current != s {
		return current.value, current.err
	}
	w.old.Store(false)
	next := w.refresh(s, now)
	w.state.Store(next)
	return next.value, next.err
}

func (w *watched[T]) refresh(was *parsedFile[T], now time.Time) *parsedFile[T] {
	if was != nil && was.info != nil {
		info, err := os.Stat(w.path)
		if err == nil && sameFile(info, was.info) {
			next := *was
			next.checked = now
			return &next
		}
	}
	data, info, err := readFile(w.path)
	next := &parsedFile[T]{err: err, info: info, checked: now}
	if err == nil {
		next.value = w.parse(w.path, data, info)
	}
	return next
}

// sameFile compares the mode as well: chmod 600 makes a key usable.
func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

func readFile(path string) ([]byte, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%q is too large for a key", path)
	}
	return data, info, err
}
