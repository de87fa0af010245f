package transfer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// A draft is a file that is not in its place yet: a temporary next to it, for its
// owner alone. Its content arrives in parts, in any order, by several goroutines.
type draft struct {
	into *Folder
	name string // where it will be
	temp string
	size int64 // as the host tells

	file *os.File
	sum  sumInOrder

	mu     sync.Mutex
	solid  int64           // this much has arrived without a gap
	bytes  int64           // in all
	length int64           // of the file
	ahead  map[int64]int64 // parts beyond the gap, from and to
}

// draft begins a file of size bytes, at most.
func (f *Folder) draft(name string, size int64) (*draft, error) {
	root, err := f.made()
	if err != nil {
		return nil, err
	}
	d := &draft{into: f, name: name, temp: draftName(name), size: size, ahead: map[int64]int64{}}
	d.sum.hash = sha256.New()
	d.file, err = root.OpenFile(native(d.temp), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	// What is not written to is a hole, and reads as zeros. Of a small file nobody
	// reads before it is finished.
	if size > sumStep {
		if err := d.file.Truncate(size); err != nil {
			return nil, errors.Join(err, d.discard())
		}
		d.length = size
	}
	return d, nil
}

// WriteAt takes a part of the content. Zeros are left as holes, so that a sparse
// file takes no more room here than it did there.
func (d *draft) WriteAt(p []byte, offset int64) (int, error) {
	if !zeros(p) {
		if n, err := d.file.WriteAt(p, offset); err != nil {
			return n, err
		}
		d.reaches(offset + int64(len(p)))
	}
	if offset == 0 && int64(len(p)) == d.size {
		d.sum.whole(p)
	}
	if solid := d.arrived(offset, offset+int64(len(p))); solid > 0 {
		return len(p), d.add(solid, false)
	}
	return len(p), nil
}

// reaches notes how long the file is at least.
func (d *draft) reaches(length int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.length = max(d.length, length)
}

// arrived notes a part, and tells how far the content is whole.
func (d *draft) arrived(from, to int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes += to - from
	if from != d.solid {
		d.ahead[from] = to
		return 0
	}
	for ok := true; ok; to, ok = d.ahead[d.solid] {
		delete(d.ahead, d.solid)
		d.solid = to
	}
	return d.solid
}

// resume tells how far the content has arrived without a gap, where a read that was
// cut off goes on, and how much has arrived beyond it, and will once more.
func (d *draft) resume() (whole, inVain int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for from, to := range d.ahead {
		inVain += to - from
	}
	clear(d.ahead)
	return d.solid, inVain
}

// whole is how far the content has arrived without a gap.
func (d *draft) whole() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.solid
}

// arrivedBytes is how much content has arrived in all.
func (d *draft) arrivedBytes() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bytes
}

// finish cuts the file to size, gives it its mode and time, puts it on disk where
// flush is set, and returns its sum. After it nothing more is written.
func (d *draft) finish(size int64, mode fs.FileMode, mtime time.Time, flush bool) (Sum, error) {
	var err error
	if size != d.length {
		err = d.file.Truncate(size)
	}
	if err == nil {
		err = d.add(size, true)
	}
	if err == nil {
		err = d.file.Chmod(mode.Perm())
	}
	if err == nil && flush {
		err = d.file.Sync()
	}
	// After Close: on Windows an open file gets a new time when it is closed.
	err = errors.Join(err, d.file.Close())
	d.file = nil
	if err == nil {
		err = d.into.there().Chtimes(native(d.temp), time.Time{}, mtime)
	}
	return Sum(d.sum.hash.Sum(nil)), err
}

// place gives the file its name, in one step, and tells what that changed.
func (d *draft) place() (What, error) {
	what, err := d.into.yield(d.name, isRegular)
	if err == nil {
		err = d.into.there().Rename(native(d.temp), native(d.name))
	}
	if err != nil {
		return "", errors.Join(err, d.discard())
	}
	return what, nil
}

// discard removes the file.
func (d *draft) discard() error {
	if d.file != nil {
		_ = d.file.Close()
		d.file = nil
	}
	err := d.into.there().Remove(native(d.temp))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%q stays behind: %w", d.into.full(d.temp), err)
	}
	return nil
}

// zeros tells whether p is a run of zeros that is worth a hole.
func zeros(p []byte) bool {
	if len(p) < 4<<10 || p[0] != 0 || p[len(p)-1] != 0 {
		return false
	}
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// content is that of the regular file name as far as a diff wants it, and one byte
// more; nil where there is none.
func (f *Folder) content(name string) ([]byte, error) {
	is, err := f.lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !is.Mode().IsRegular() {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	file, err := f.there().Open(native(name))
	if err != nil {
		return nil, err
	}
	p, err := io.ReadAll(io.LimitReader(file, maxDiff+1))
	return p, errors.Join(err, file.Close())
}
