package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Tree is a local folder that goes to hosts. What is in it is listed once, by
// OpenTree, which also begins to take the sums of the files, so that this does not have
// to wait for a host. It is an error where a file has changed when it is sent. A Tree
// may be used by many Remotes at once.
type Tree struct {
	root    *os.Root
	path    string // as the user gave it
	name    string // what the folder is called at the destination; "" where its content goes
	exclude exclusions
	entries []info   // the folder itself first, with the path "", and folders before what is in them
	notes   []string // what is left out

	// turn is held by who reads or takes sums: whoever needs one waits for it, and
	// may give up meanwhile.
	turn chan struct{}
	sums []Sum // of the entries that are files
	have []bool

	stop    context.CancelFunc // of what reads ahead
	stopped chan struct{}      // closed when it has ended

	mu      sync.Mutex
	sources map[int]*sharedSource // guarded by mu: of large entries that are being sent
}

// OpenTree reads what is below the folder path, but for what exclude names, in the
// syntax of gitignore. With a path that ends with "/" its content goes, as with rsync.
func OpenTree(path string, exclude []string) (*Tree, error) {
	x, err := parseExclusions(exclude)
	if err != nil {
		return nil, err
	}
	if stat, err := os.Stat(path); err == nil && !stat.IsDir() {
		return nil, fmt.Errorf("local %q is not a folder", path)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("read local folder %q: %w", path, reason(err))
	}
	t := &Tree{root: root, path: path, name: treeName(path), exclude: x, turn: make(chan struct{}, 1), sources: make(map[int]*sharedSource)}
	if err := t.list(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	t.sums, t.have = make([]Sum, len(t.entries)), make([]bool, len(t.entries))
	t.readAhead()
	return t, nil
}

// treeName is the last name of path, or empty where path stands for the content of
// the folder.
func treeName(path string) string {
	if path == "" || os.IsPathSeparator(path[len(path)-1]) {
		return ""
	}
	if name := filepath.Base(path); name != "." && name != ".." {
		return name
	}
	return ""
}

// Close lets the tree go.
func (t *Tree) Close() error {
	t.stop()
	<-t.stopped
	return t.root.Close()
}

func (t *Tree) list() error {
	stat, err := t.root.Lstat(".")
	if err != nil {
		return t.unreadable("", err)
	}
	t.entries = append(t.entries, localInfo("", stat))
	return t.listFolder(t.root, "")
}

// listFolder adds what is in dir, which is at path in the tree.
func (t *Tree) listFolder(dir *os.Root, path string) error {
	f, err := dir.Open(".")
	if err != nil {
		return t.unreadable(path, err)
	}
	names, err := f.Readdirnames(-1)
	if err := errors.Join(err, f.Close()); err != nil {
		return t.unreadable(path, err)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := t.listEntry(dir, name, joinTree(path, name)); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tree) listEntry(dir *os.Root, name, path string) error {
	stat, err := dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has gone since the folder was read
	}
	if err != nil {
		return t.unreadable(path, err)
	}
	if t.exclude.match(path, stat.IsDir()) {
		return nil
	}
	e := localInfo(path, stat)
	switch e.kind {
	case aSpecial:
		t.notes = append(t.notes, fmt.Sprintf("%q is neither a file, a folder nor a link, and stays here", path))
		return nil
	case aLink:
		if e.link, err = dir.Readlink(name); err != nil {
			return t.unreadable(path, err)
		}
	}
	t.entries = append(t.entries, e)
	if e.kind != aFolder {
		return nil
	}
	below, err := dir.OpenRoot(name)
	if err != nil {
		return t.unreadable(path, err)
	}
	return errors.Join(t.listFolder(below, path), below.Close())
}

// unreadable says which path of the tree it was: the error itself names the last
// part of it alone.
func (t *Tree) unreadable(path string, err error) error {
	return fmt.Errorf("read local %q: %w", t.local(path), reason(err))
}

// local is where path of the tree is on this machine.
func (t *Tree) local(path string) string {
	return filepath.Join(t.path, filepath.FromSlash(path))
}

// localInfo is what stat says, as far as it travels.
func localInfo(path string, stat fs.FileInfo) info {
	e := info{
		path: path, mode: stat.Mode() & keptBits, size: stat.Size(),
		mtime: wholeSeconds(stat.ModTime()), uid: -1, gid: -1,
	}
	switch stat.Mode().Type() {
	case 0:
		e.kind = aFile
	case fs.ModeDir:
		e.kind, e.size = aFolder, 0
	case fs.ModeSymlink:
		e.kind, e.size = aLink, 0
	default:
		e.kind, e.size = aSpecial, 0
	}
	if runtime.GOOS == "windows" {
		// There are no such bits, and Go tells of all or of those to read.
		e.mode = 0o644
		if e.kind == aFolder {
			e.mode = 0o755
		}
	}
	return e
}

// wholeSeconds is t as sftp can say it (draft-ietf-secsh-filexfer-02, section 5):
// whole seconds from 1970 to 2106.
func wholeSeconds(t time.Time) time.Time {
	return time.Unix(min(max(t.Unix(), 0), 1<<32-1), 0)
}

// joinTree joins paths within a tree, where "" is its root.
func joinTree(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// under is the path on a host of what is called path in a tree at root there.
func under(root, path string) string {
	if path == "" {
		return root
	}
	return strings.TrimSuffix(root, "/") + "/" + path
}

// Sum is one SHA-256 over what goes to hosts: paths, kinds, modes, contents and
// where links lead, and not times.
func (t *Tree) Sum(ctx context.Context) (Sum, error) {
	sums, err := t.fileSums(ctx)
	if err != nil {
		return Sum{}, err
	}
	all := sha256.New()
	field := func(p []byte) {
		all.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		all.Write(p)
	}
	for i, e := range t.entries {
		field([]byte(e.path))
		field(binary.BigEndian.AppendUint32([]byte{byte(e.kind)}, permBits(e.mode)))
		field([]byte(e.link))
		field(sums[i][:])
	}
	return Sum(all.Sum(nil)), nil
}
