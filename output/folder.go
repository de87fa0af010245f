package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"fleet/internal/filename"
)

// maxOpen bounds the files of one folder that are open at a time: connections
// need descriptors more.
const maxOpen = 128

// A folder holds one file a host, of which the most recently used are open.
// Nothing outside of it is ever opened, whatever hosts are called and whatever
// links lie in it: all goes through an os.Root.
type folder struct {
	dir  string
	root *os.Root

	mu    sync.Mutex
	files map[string]*hostFile // by host
	open  []*hostFile          // oldest use first; at most maxOpen, and those in use
}

// A hostFile is the file of one host.
type hostFile struct {
	name string

	// mu is the right to use the file, and is held while it is written:
	// only the same host's other stream waits for it. It is locked before
	// folder.mu, or tried after it.
	mu    sync.Mutex
	begun bool // it was truncated in this run
	bad   bool // it cannot be opened, which was told; nothing is written to it
	file  *os.File
}

// write appends p to the file of host.
func (f *folder) write(host string, p []byte) error {
	return f.use(host, func(file *os.File) error {
		_, err := file.Write(p)
		return err
	})
}

// finish makes sure that host has a file, and closes it.
func (f *folder) finish(host string) error {
	err := f.use(host, func(*os.File) error { return nil })
	h := f.host(host)
	h.mu.Lock()
	defer h.mu.Unlock()
	f.forget(h)
	return errors.Join(err, f.shut(h))
}

// use calls fn with the open file of host.
func (f *folder) use(host string, fn func(*os.File) error) error {
	h := f.host(host)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bad {
		return nil
	}
	if h.file == nil {
		if err := f.make(h); err != nil {
			_, none := f.root.Lstat(h.name)
			h.bad = none == nil
			return f.errorf("open", h, err)
		}
	}
	if err := fn(h.file); err != nil {
		return f.errorf("write", h, err)
	}
	return f.evict(h)
}

func (f *folder) host(name string) *hostFile {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.files[name]
	if h == nil {
		h = &hostFile{name: filename.Of(name, "")}
		f.files[name] = h
	}
	return h
}

var errNotFile = errors.New("it is not a regular file")

// make opens the file of h, empty the first time. A FIFO that lies in its place
// must not make anybody wait, nor may it, or a device, take what was printed.
func (f *folder) make(h *hostFile) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND | syscall.O_NONBLOCK
	if !h.begun {
		flags |= os.O_TRUNC
	}
	file, err := f.root.OpenFile(h.name, flags, 0o644)
	if errors.Is(err, syscall.ENXIO) { // a FIFO that nobody reads, or a socket
		return errNotFile
	}
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotFile
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	h.file, h.begun = file, true
	return nil
}

// evict notes that h was used last and closes files that were not used for
// longest. Those in use are passed over.
func (f *folder) evict(h *hostFile) error {
	f.mu.Lock()
	f.remove(h)
	f.open = append(f.open, h)
	var old *hostFile
	if len(f.open) > maxOpen {
		for i, o := range f.open[:len(f.open)-1] {
			if o.mu.TryLock() {
				old = o
				f.open = append(f.open[:i], f.open[i+1:]...)
				break
			}
		}
	}
	f.mu.Unlock()
	if old == nil {
		return nil
	}
	defer old.mu.Unlock()
	return f.shut(old)
}

func (f *folder) forget(h *hostFile) {
	f.mu.Lock()
	f.remove(h)
	f.mu.Unlock()
}

// remove takes h out of the list; f.mu is held. The last is the most likely.
func (f *folder) remove(h *hostFile) {
	for i := len(f.open) - 1; i >= 0; i-- {
		if f.open[i] == h {
			f.open = append(f.open[:i], f.open[i+1:]...)
			return
		}
	}
}

// shut closes the file of h, whose lock is held.
func (f *folder) shut(h *hostFile) error {
	if h.file == nil {
		return nil
	}
	err := h.file.Close()
	h.file = nil
	if err != nil {
		return f.errorf("close", h, err)
	}
	return nil
}

// errorf names the file by the path the user gave.
func (f *folder) errorf(op string, h *hostFile, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &FileError{Op: op, Path: filepath.Join(f.dir, h.name), OneHost: h.bad, Err: err}
}

func (f *folder) close() error {
	f.mu.Lock()
	open := f.open
	f.open = nil
	f.mu.Unlock()
	var errs []error
	for _, h := range open {
		h.mu.Lock()
		errs = append(errs, f.shut(h))
		h.mu.Unlock()
	}
	return errors.Join(append(errs, f.root.Close())...)
}
