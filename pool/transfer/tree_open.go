package transfer

import (
	"os"
	"path"
	"path/filepath"
)

// open opens a file of the tree, which has to be as it was listed.
func (t *Tree) open(e *info) (*os.File, error) {
	o := opener{t: t}
	defer o.close()
	return o.open(e)
}

// An opener opens one file after the other, and keeps the folder of the last one: the
// next is likely to be in it too, and os.Root goes to a file folder by folder. It is
// for one goroutine.
type opener struct {
	t      *Tree
	folder string
	dir    *os.Root // nil: none yet
}

func (o *opener) open(e *info) (*os.File, error) {
	f, err := o.reach(e)
	if err != nil {
		return nil, o.t.unreadable(e.path, err)
	}
	stat, err := f.Stat()
	// The sum and what is sent are read at different times.
	if err == nil && (!stat.Mode().IsRegular() || stat.Size() != e.size || !wholeSeconds(stat.ModTime()).Equal(e.mtime)) {
		err = errChanged
	}
	if err != nil {
		_ = f.Close() // it was open for reading alone
		return nil, o.t.unreadable(e.path, err)
	}
	return f, nil
}

func (o *opener) reach(e *info) (*os.File, error) {
	folder, name := folderOf(e.path), path.Base(e.path)
	if o.dir == nil || o.folder != folder {
		o.close()
		dir, err := o.t.root.OpenRoot(filepath.Join(".", filepath.FromSlash(folder)))
		if err != nil {
			return nil, err
		}
		o.folder, o.dir = folder, dir
	}
	return o.dir.Open(name)
}

// close lets the folder go.
func (o *opener) close() {
	if o.dir != nil {
		_ = o.dir.Close() // it was open for reading alone
		o.dir = nil
	}
}
