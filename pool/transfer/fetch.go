package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// An Item is one file or folder to fetch. Remote that ends with "/" is the content of
// a folder, as with rsync. A Remote that is a link is followed; links below it are
// not.
type Item struct {
	Remote string // on the host
	// Local is the path of the result within the Folder, with "/" between names; "."
	// is the Folder itself. Folders above it are made.
	Local string
}

// Fetch takes items from the host into the folder. One path that cannot be had does
// not keep the others from arriving: the Report is about what has, even where there
// is an error. Nothing is written where the items are not fit to be fetched as a
// whole: one is missing, two would be one path here, a bound is exceeded, or the
// host tells of names that no folder can hold.
func (r *Remote) Fetch(ctx context.Context, items []Item, into *Folder, o *FetchOptions) (*Report, error) {
	f := &fetch{remote: r, sums: r.sums, reopen: r.reopen, into: into, o: o, records: records{into: into}}
	err := f.run(ctx, items)
	return f.report(), err
}

// A fetch is one call of Fetch.
type fetch struct {
	remote *Remote
	sums   func(ctx context.Context, paths []string) (map[string]Sum, error)
	reopen func(ctx context.Context) error
	into   *Folder
	o      *FetchOptions

	entries  []*entry      // folders before what is in them
	tops     []string      // the local folders above the items
	delay    time.Duration // of one request
	many     bool          // so many files that they are put on disk all at once
	reopened bool          // after a lost link; once is what we do
	records
}

func (f *fetch) run(ctx context.Context, items []Item) error {
	if err := f.find(ctx, items); err != nil {
		return err
	}
	files := f.expect()
	f.many = flushesAll && files > flushEach
	f.makeFolders()
	f.files(ctx)
	if ctx.Err() == nil {
		f.links()
	}
	f.finishFolders()
	return f.err(ctx)
}

// An entry is one path that the host has told of, and is wanted.
type entry struct {
	info
	remote string // its path on the host
	local  string // its path in the folder
	item   int    // which item it belongs to
	top    bool   // an item itself, whose folder is the user's own
	inTree string // its path in the item, for links
}

// expect tells the meter of the files, and returns how many there are.
func (f *fetch) expect() int {
	files, bytes := 0, int64(0)
	for _, e := range f.entries {
		if e.kind == aFile {
			files++
			bytes += e.size
		}
	}
	f.o.Meter.expect(files, bytes)
	return files
}

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

// links makes the symbolic links, last: nothing is written through one.
func (f *fetch) links() {
	for _, e := range f.entries {
		if e.kind != aLink || f.lost(e.local) {
			continue
		}
		if why := staysInside(e.inTree, e.link); why != "" {
			f.note("%s is left out: the link %s", e.remote, why)
			continue
		}
		f.makeLink(e)
	}
}

func (f *fetch) makeLink(e *entry) {
	if f.o.DryRun {
		what, _, err := f.into.inTheWay(e.local, isLink)
		if err == nil && what == Updated {
			if old, err := f.into.there().Readlink(native(e.local)); err == nil && old == e.link {
				what = ""
			}
		}
		f.told(e.local, what, err)
		return
	}
	what, err := f.into.link(e.local, e.link)
	f.told(e.local, what, err)
}

// told notes what came of a link.
func (f *fetch) told(name string, what What, err error) {
	switch {
	case err != nil:
		f.fail(name, err)
	case what == "":
		f.unchanged()
	default:
		f.changed(name, what, false)
	}
}

// below is the path of name, relative, in the folder dir.
func below(dir, name string) string {
	if dir == "" {
		return name
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

// native is a path as this system writes it.
func native(name string) string { return filepath.FromSlash(name) }
