package transfer

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
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
	bytes    atomic.Int64  // of all files, as far as the host has told of them
	records
}

func (f *fetch) run(ctx context.Context, items []Item) error {
	if err := f.find(ctx, items); ctx.Err() != nil {
		return context.Cause(ctx)
	} else if err != nil {
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
	f.bytes.Store(bytes)
	f.o.Meter.expect(files, bytes)
	return files
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
