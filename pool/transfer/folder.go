package transfer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
)

// A Folder is a local folder, and nothing outside of it is written. Its methods are
// safe for concurrent use: many Remotes fetch into one.
type Folder struct {
	path  string
	lanes chan struct{} // for the sessions that are added for big files

	mu   sync.Mutex
	root *os.Root // nil while the folder is missing; set once
}

// OpenFolder opens the folder path. Where it is missing the first thing that is
// written to it makes it; what is above it must be there.
func OpenFolder(path string) (*Folder, error) {
	f := &Folder{path: filepath.Clean(path), lanes: newLanes()}
	is, err := os.Stat(f.path)
	switch {
	case err == nil && !is.IsDir():
		return nil, fmt.Errorf("%q is not a folder", path)
	case errors.Is(err, fs.ErrNotExist):
		// A link that leads nowhere is not a place for a new folder.
		if _, err := os.Lstat(f.path); err == nil {
			return nil, fmt.Errorf("%q is a symbolic link that leads nowhere", path)
		}
		if above, err := os.Stat(filepath.Dir(f.path)); err != nil {
			return nil, fmt.Errorf("the folder of %q: %w", path, err)
		} else if !above.IsDir() {
			return nil, fmt.Errorf("%q is not a folder", filepath.Dir(f.path))
		}
		return f, nil
	case err != nil:
		return nil, err
	}
	f.root, err = os.OpenRoot(f.path)
	return f, err
}

// Close lets the folder go.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root == nil {
		return nil
	}
	return f.root.Close()
}

// there is the folder, nil while it is missing.
func (f *Folder) there() *os.Root {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.root
}

// made is the folder, which is made where it is missing.
func (f *Folder) made() (*os.Root, error) {
	if root := f.there(); root != nil {
		return root, nil
	}
	if err := os.Mkdir(f.path, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	first := f.root == nil
	if first {
		f.root = root
	}
	kept := f.root
	f.mu.Unlock()
	if !first {
		err = root.Close()
	}
	return kept, err
}

// lstat is the state of a path in the folder, which is given with "/", as are all.
func (f *Folder) lstat(name string) (fs.FileInfo, error) {
	root := f.there()
	if root == nil {
		return nil, fs.ErrNotExist
	}
	is, err := root.Lstat(native(name))
	if errors.Is(err, syscall.ENOTDIR) {
		return nil, fs.ErrNotExist // what is above it is a file
	}
	return is, err
}

// full is the path for people.
func (f *Folder) full(name string) string {
	return filepath.Join(f.path, native(name))
}

// enter makes the folder name, and tells what that changed. What is not a folder
// and in its place goes; replace false makes that an error, and so it is for
// folders above what was fetched, which are the user's own.
func (f *Folder) enter(name string, replace bool) (What, error) {
	root, err := f.made()
	if err != nil || name == "." {
		return "", err
	}
	local := native(name)
	what := Created
	is, err := root.Lstat(local)
	switch {
	case err == nil && is.IsDir():
		return "", nil
	case err == nil && !replace && is.Mode()&fs.ModeSymlink != 0:
		return "", fmt.Errorf("%q is a symbolic link here, and fleet does not write through it", f.full(name))
	case err == nil && !replace:
		return "", fmt.Errorf("%q is not a folder here", f.full(name))
	case err == nil:
		what = Replaced
		if err := root.Remove(local); err != nil {
			return "", err
		}
	}
	err = root.Mkdir(local, 0o777)
	if errors.Is(err, fs.ErrExist) && !replace {
		// Another host's files have the same folder above them.
		return "", nil
	}
	return what, err
}

// yield makes room for something that is not a folder. A folder gives way only
// when nothing is in it. It tells what putting the new thing there changes.
func (f *Folder) yield(name string, same func(fs.FileMode) bool) (What, error) {
	what, is, err := f.inTheWay(name, same)
	if err == nil && is != nil && is.IsDir() {
		err = f.there().Remove(native(name))
	}
	return what, err
}

// inTheWay tells what putting something at name changes, and what is there now.
func (f *Folder) inTheWay(name string, same func(fs.FileMode) bool) (What, fs.FileInfo, error) {
	is, err := f.lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Created, nil, nil
	case err != nil:
		return "", nil, err
	case same(is.Mode()):
		return Updated, is, nil
	case !is.IsDir():
		return Replaced, is, nil
	}
	d, err := f.there().Open(native(name))
	if err != nil {
		return "", is, err
	}
	_, err = d.Readdirnames(1)
	_ = d.Close()
	if !errors.Is(err, io.EOF) {
		return "", is, fmt.Errorf("%q is a folder here, and is not empty", f.full(name))
	}
	return Replaced, is, nil
}

// link makes the symbolic link name, in one step, and tells what that changed.
func (f *Folder) link(name, target string) (What, error) {
	root, err := f.made()
	if err != nil {
		return "", err
	}
	if old, err := root.Readlink(native(name)); err == nil && old == target {
		return "", nil
	}
	what, err := f.yield(name, isLink)
	if err != nil {
		return "", err
	}
	temp := native(draftName(name))
	if err := root.Symlink(target, temp); err != nil {
		return "", err
	}
	if err := root.Rename(temp, native(name)); err != nil {
		return "", errors.Join(err, root.Remove(temp))
	}
	return what, nil
}

// flush puts the entries of the folder name on disk, where the system can.
func (f *Folder) flush(name string) {
	root := f.there()
	if root == nil {
		return
	}
	if d, err := root.Open(native(name)); err == nil {
		// Some systems and file systems cannot, and then there is nothing better.
		_ = d.Sync()
		_ = d.Close()
	}
}

// above are the folders above name, the topmost first.
func above(name string) []string {
	var list []string
	for d := path.Dir(name); d != "."; d = path.Dir(d) {
		list = append([]string{d}, list...)
	}
	return list
}
