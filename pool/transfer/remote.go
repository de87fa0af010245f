package transfer

import (
	"context"
	"io/fs"
	"time"

	"fleet/transport"
)

// A Host is whose files are read and written. Transport and Target must be set.
type Host struct {
	Transport transport.Transport
	Target    transport.Target
	// Become says whose rights count; nil: those of the login user.
	Become *transport.Become
	// Place is the caller's place among the hosts at work, or nil.
	Place transport.Place
	// Dir is where relative paths on the host begin. Default: the login folder,
	// which "~" and "~/" at the beginning of a path stand for as well.
	Dir string
	// Connected, when set, is called once, when the host has been reached: limits
	// of time count from there.
	Connected func()
}

// A File says how a file or tree is to be on the host. The zero value keeps what
// there is, and gives new files the permission bits of their source, less those
// that let others write.
type File struct {
	Mode    fs.FileMode // permission, setuid, setgid and sticky bits as in fs.FileMode; HasMode says that it counts
	HasMode bool
	// Owner and Group are names or numbers on the host; empty keeps them.
	Owner, Group string
}

// PutOptions say where a file goes, and how.
type PutOptions struct {
	File
	// Destination is the path on the host. One that ends with "/" is a folder,
	// which must be there, and the file keeps its name in it.
	Destination string
	// Into lets a Destination that is an existing folder take the file, as cp does.
	// Without it that is an error.
	Into bool
	// Follow writes through a Destination that is a symbolic link to a file.
	// Without it that is an error.
	Follow bool
	// Backup keeps what was there, under the same name and the time.
	Backup bool
	// Validate is a shell command that has to succeed before the file takes its
	// place; each %s in it is the new file's temporary path, quoted.
	Validate string
	// Private says that the content is not to be seen: no diff of it is made.
	Private bool
	Options
}

// SyncOptions say where a tree goes, and how.
type SyncOptions struct {
	// File: Mode is that of files alone, and where it is not set they get their source's;
	// folders always do. A file that is replaced keeps its owner where Owner and Group
	// are not set and the user is root.
	File
	// Destination is the path on the host. As with rsync, the folder of the source
	// goes into it, unless the source's path ended with "/": then it becomes it.
	// It is made where it is missing; what is above it must be there.
	Destination string
	// Delete removes what is in the destination and not in the source, but for
	// what the source's exclusions name.
	Delete bool
	Options
}

// FetchOptions say what is taken from the host, and the bounds of what is accepted.
type FetchOptions struct {
	// MaxFiles, MaxBytes and MaxDepth bound what is accepted from one host. 0:
	// 1,000,000 files, no limit of bytes, 100 folders deep.
	MaxFiles int
	MaxBytes int64
	MaxDepth int
	// Exclude is in the syntax of gitignore.
	Exclude []string
	Options
}

// Options are what all transfers have in common. The zero value works.
type Options struct {
	// DryRun changes nothing, and tells what would.
	DryRun bool
	// Diff keeps the texts from before and after in the Report.
	Diff bool
	// Limit bounds the rate of all transfers that share it; nil is no limit.
	Limit *Limiter
	// Meter counts what is to be done and is done; nil counts nothing.
	Meter *Meter
}

// A Report is what a transfer came to on one host.
type Report struct {
	// Path is where it went: of a Put the file on the host, of a Sync the folder
	// that the content is in, also where nothing was changed.
	Path string
	// Changes are what was changed, or would be with DryRun, in the order of paths;
	// at most MaxChanges of them. Total is how many there were, Files how many of
	// them are files with new content.
	Changes      []Change
	Total, Files int
	// Deleted is how many of them are deletions.
	Deleted int
	// Bytes is how much file content has traveled.
	Bytes int64
	// Unchanged is how many files were as they should be.
	Unchanged int
	// Backups are the paths on the host under which old files were kept.
	Backups []string
	Diffs   []Diff
	// Notes are for the user: what is as asked but for something.
	Notes []string
}

// MaxChanges is how many changes a Report names.
const MaxChanges = 1000

// Changed reports whether anything was changed, or would be.
func (r *Report) Changed() bool { return r.Total > 0 }

// A Change is one path that was changed.
type Change struct {
	Path string // on the host; of a Fetch on this machine
	What What
}

// What says in which way a path was changed.
type What string

// The ways.
const (
	Created  What = "created"
	Updated  What = "updated"  // its content
	Adjusted What = "adjusted" // its mode, owner or time alone
	Replaced What = "replaced" // by something of another kind
	Deleted  What = "deleted"
)

// A Diff is the content of one file before and after, nil where there was none.
type Diff struct {
	Path          string
	Before, After []byte
	// Omitted says why the contents are not there: "binary", "too large", "private".
	Omitted string
}

// An info is a file on the host. Of a link it is about the link itself.
type info struct {
	path     string // as asked for; of walk relative to its root, with "/"
	kind     kind
	mode     fs.FileMode // permission, setuid, setgid, sticky
	size     int64
	mtime    time.Time // whole seconds
	uid, gid int       // -1 where the host does not tell
	link     string    // where a link leads
}

type kind int

const (
	aFile kind = iota + 1
	aFolder
	aLink
	aSpecial // a device, socket or pipe
)

func (k kind) String() string {
	switch k {
	case aFile:
		return "file"
	case aFolder:
		return "folder"
	case aLink:
		return "link"
	case aSpecial:
		return "special file"
	}
	return "missing"
}

// A system is the files of a host as one user sees them. Paths are absolute, or
// relative to the login folder; they may have any bytes but NUL. Errors satisfy
// errors.Is with fs.ErrNotExist, fs.ErrExist and fs.ErrPermission where the host
// says so, name the path, and are *transport.Error where the connection failed.
// Methods are safe for concurrent use.
type system interface {
	// lstat does not follow a link, stat does.
	lstat(ctx context.Context, path string) (info, error)
	stat(ctx context.Context, path string) (info, error)
	// walk tells what is below the folder root, without following links. An error
	// of visit ends it, but fs.SkipDir for a folder: what is in it is left out, or told
	// nevertheless where that is not less work. Folders come before what is in them.
	// Names that no folder can hold ("", ".", "..", with "/" or NUL) are refused by an
	// error. A folder below root that cannot be read keeps nothing else from being
	// told; its error, which is not a *transport.Error, is in the result at the end.
	walk(ctx context.Context, root string, visit func(info) error) error
	// create makes a new, empty file that only its owner may read and write, and
	// fails where the path is taken, by a link as well.
	create(ctx context.Context, path string) error
	// write puts all that from has into the file at path, which exists. A system
	// whose writes can be at any place keeps what lies between and beyond them.
	// Others are for one feed at a time, which has no gaps, and cut the file off
	// where it begins.
	write(ctx context.Context, path string, from pieces) error
	// read writes up to size bytes of the file at path, from its byte from on, to w,
	// and never more, whatever the file grows to. It returns how many came in an
	// unbroken row; fewer than size without an error are all there are.
	read(ctx context.Context, path string, from, size int64, w writerAt) (int64, error)
	// do carries out ops, all of them, in any order and at the same time; but those
	// that set attributes of one path in the order owner, mode, time. The error joins
	// those of the ops. hardlink gives errors.ErrUnsupported where the host has none.
	do(ctx context.Context, ops []op) error
	// flush puts the contents of the files at paths on disk, and the entries of their
	// folders where the host can.
	flush(ctx context.Context, paths []string) error
	close() error
}

// pieces is what write reads from.
type pieces interface {
	// next returns the next piece, of at least one and at most limit bytes, or io.EOF
	// where nothing is left. Any number of goroutines may call it; one alone sees no
	// gaps.
	next(ctx context.Context, limit int) (piece, error)
}

// A piece is a part of a file's content.
type piece struct {
	data   []byte // not to be changed, and not to be used after done
	offset int64
	// done is to be called once: when the host has confirmed the piece, or when it is
	// given up.
	done func(confirmed bool)
}

// writerAt is where read writes to: parts in any order, none twice.
type writerAt interface {
	WriteAt(p []byte, offset int64) (int, error)
}

// An op is one change.
type op struct {
	what opKind
	path string
	to   string      // rename: the new path; symlink: where it leads; hardlink: the new path
	mode fs.FileMode // mkdir, chmod
	uid  int         // chown; -1 keeps it
	gid  int
	time time.Time // chtimes
}

type opKind int

const (
	mkdir   opKind = iota + 1 // fails where path exists
	remove                    // a file, link or special
	rmdir                     // an empty folder
	rename                    // replaces a file or link at op.to, in one step
	symlink                   // fails where path exists
	hardlink
	chmod
	chown
	chtimes
)
