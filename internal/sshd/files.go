package sshd

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/pkg/sftp"
)

// A File is what sftp tells of one path, true or not. See Config.Files.
type File struct {
	// Name is what the listing of its folder says: any bytes. In requests the file
	// is found by it.
	Name string
	// Mode is with the bits of the type.
	Mode fs.FileMode
	// Size is what is told, whatever Content has. It may be negative.
	Size int64
	// Content is what is read; nil is nothing. It may be endless.
	Content io.ReaderAt
	// Link is where a link leads. It is not followed.
	Link string
	// Entries are what is in a folder; there may be no end of them.
	Entries iter.Seq[File]
	// Then, when set, is what the file has become when it is looked at by its path,
	// after its folder has been listed.
	Then *File
}

// lookLimit is how many entries of a folder are looked through for a name.
const lookLimit = 1000

// find looks for path, which begins with "/", below f. Names with slashes in
// them are found as well.
func (f *File) find(path string) (*File, error) {
	path = strings.Trim(path, "/")
	if path == "" {
		return f, nil
	}
	if f.Entries == nil {
		return nil, fs.ErrNotExist
	}
	seen := 0
	for e := range f.Entries {
		name := strings.Trim(e.Name, "/")
		rest, below := strings.CutPrefix(path, name)
		if below && name != "" && (rest == "" || rest[0] == '/') {
			if e.Then != nil {
				name, e = e.Name, *e.Then
				e.Name = name
			}
			return e.find(rest)
		}
		if seen++; seen == lookLimit {
			break
		}
	}
	return nil, fs.ErrNotExist
}

// told serves a File and all below it by sftp. Nothing can be changed.
type told struct{ root *File }

func (t told) handlers() sftp.Handlers {
	return sftp.Handlers{FileGet: t, FilePut: t, FileCmd: t, FileList: t}
}

var errReadOnly = errors.New("read-only file system")

func (t told) Filewrite(*sftp.Request) (io.WriterAt, error) { return nil, errReadOnly }
func (t told) Filecmd(*sftp.Request) error                  { return errReadOnly }

func (t told) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	f, err := t.root.find(r.Filepath)
	if err != nil {
		return nil, err
	}
	if f.Content == nil {
		return strings.NewReader(""), nil
	}
	return f.Content, nil
}

func (t told) Readlink(path string) (string, error) {
	f, err := t.root.find(path)
	if err != nil {
		return "", err
	}
	return f.Link, nil
}

func (t told) Lstat(r *sftp.Request) (sftp.ListerAt, error) { return t.Filelist(r) }

func (t told) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	f, err := t.root.find(r.Filepath)
	if err != nil {
		return nil, err
	}
	if r.Method != "List" {
		return &listing{next: func() (File, bool) { return *f, true }, stop: func() {}}, nil
	}
	if f.Entries == nil {
		return nil, errors.New("not a folder")
	}
	l := &listing{}
	l.next, l.stop = iter.Pull(f.Entries)
	return l, nil
}

// A listing is a folder that is being listed. Requests for it come one after
// another.
type listing struct {
	next func() (File, bool)
	stop func()
}

func (l *listing) ListAt(into []os.FileInfo, _ int64) (int, error) {
	for i := range into {
		f, ok := l.next()
		if !ok {
			return i, io.EOF
		}
		into[i] = info{f}
	}
	return len(into), nil
}

func (l *listing) Close() error {
	l.stop()
	return nil
}

// An info is a File as pkg/sftp wants it.
type info struct{ f File }

func (i info) Name() string      { return i.f.Name }
func (i info) Size() int64       { return i.f.Size }
func (i info) Mode() fs.FileMode { return i.f.Mode }
func (i info) ModTime() time.Time {
	return time.Unix(1_700_000_000, 0)
}
func (i info) IsDir() bool { return i.f.Mode.IsDir() }
func (i info) Sys() any    { return nil }
