package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// makeFolders makes the folders, with their owner's rights, until all is in them.
func (f *fetch) makeFolders() {
	if f.o.DryRun {
		f.foldersDryRun()
		return
	}
	if _, err := f.into.made(); err != nil {
		f.fail(".", err)
		return
	}
	for _, t := range f.tops {
		if _, err := f.into.enter(t, false); err != nil {
			f.fail(t, err)
		}
	}
	for _, e := range f.entries {
		if e.kind != aFolder || f.lost(e.local) {
			continue
		}
		what, err := f.into.enter(e.local, !e.top)
		if err == nil {
			err = f.open(e.local)
		}
		if err != nil {
			f.fail(e.local, err)
		} else if what != "" {
			f.changed(e.local, what, false)
		}
	}
}

// open makes sure that we may write to the folder name.
func (f *fetch) open(name string) error {
	is, err := f.into.lstat(name)
	if err != nil || is.Mode().Perm()&0o700 == 0o700 {
		return err
	}
	return f.into.there().Chmod(native(name), is.Mode().Perm()|0o700)
}

func (f *fetch) foldersDryRun() {
	for _, e := range f.entries {
		if e.kind != aFolder {
			continue
		}
		switch is, err := f.into.lstat(e.local); {
		case errors.Is(err, fs.ErrNotExist):
			f.changed(e.local, Created, false)
		case err != nil:
			f.fail(e.local, err)
		case is.IsDir() && is.Mode().Perm() != folderMode(e.mode):
			f.changed(e.local, Adjusted, false)
		case !is.IsDir() && e.top:
			f.fail(e.local, fmt.Errorf("%q is not a folder here", f.into.full(e.local)))
		case !is.IsDir():
			f.changed(e.local, Replaced, false)
		}
	}
}

// folderMode is that of the folder on the host; ours stay open to ourselves.
func folderMode(m fs.FileMode) fs.FileMode { return m.Perm() | 0o700 }

// finishFolders gives the folders their modes and times, those deepest in the tree
// first, and puts their entries on disk.
func (f *fetch) finishFolders() {
	if f.o.DryRun || f.into.there() == nil {
		return
	}
	for _, e := range slices.Backward(f.entries) {
		if e.kind != aFolder || f.lost(e.local) {
			continue
		}
		is, err := f.into.lstat(e.local)
		if err != nil || !is.IsDir() {
			continue // told already
		}
		if !f.many {
			f.into.flush(e.local)
		}
		if mode := folderMode(e.mode); is.Mode().Perm() != mode && e.local != "." {
			err = f.into.there().Chmod(native(e.local), mode)
			if err == nil {
				f.changed(e.local, Adjusted, false)
			}
		}
		if !is.ModTime().Equal(e.mtime) && e.local != "." {
			err = errors.Join(err, f.into.there().Chtimes(native(e.local), time.Time{}, e.mtime))
		}
		if err != nil {
			f.fail(e.local, err)
		}
	}
	if f.many {
		// What is wrong with the disk the files have told.
		_ = f.into.flushAll()
		return
	}
	for _, t := range slices.Backward(f.tops) {
		f.into.flush(t)
	}
	f.into.flush(".")
}
