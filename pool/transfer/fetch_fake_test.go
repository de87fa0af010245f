//go:build !windows

package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// A folderSystem is a host whose files are below a local folder. Its hooks make it
// do what no decent host does.
type folderSystem struct {
	dir string

	mu     sync.Mutex
	asked  map[string]int                     // reads of each path
	before func(path string, n int)           // a read: the nth of this path
	tell   func(visit func(info) error) error // instead of a walk
	lies   func(info) info                    // about files
	lost   func(path string, n int) error     // a read that ends half-way
}

func newFolderSystem(t *testing.T) *folderSystem {
	return &folderSystem{dir: t.TempDir(), asked: map[string]int{}}
}

func (s *folderSystem) at(p string) string { return filepath.Join(s.dir, p) }

func (s *folderSystem) info(p string, is fs.FileInfo, err error) (info, error) {
	if err != nil {
		return info{}, err
	}
	i := info{path: p, mode: is.Mode().Perm(), size: is.Size(), mtime: is.ModTime(), kind: aSpecial, uid: -1, gid: -1}
	switch {
	case is.Mode().IsRegular():
		i.kind = aFile
	case is.IsDir():
		i.kind = aFolder
	case isLink(is.Mode()):
		i.kind = aLink
		i.link, err = os.Readlink(s.at(p))
	}
	if s.lies != nil {
		i = s.lies(i)
	}
	return i, err
}

func (s *folderSystem) lstat(_ context.Context, p string) (info, error) {
	is, err := os.Lstat(s.at(p))
	return s.info(p, is, err)
}

func (s *folderSystem) stat(_ context.Context, p string) (info, error) {
	is, err := os.Stat(s.at(p))
	return s.info(p, is, err)
}

func (s *folderSystem) walk(ctx context.Context, root string, visit func(info) error) error {
	if s.tell != nil {
		return s.tell(visit)
	}
	dir, err := filepath.EvalSymlinks(s.at(root))
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, p)
		if err != nil || rel == "." {
			return err
		}
		i, err := s.lstat(ctx, filepath.Join(root, rel))
		if err != nil {
			return err
		}
		i.path = rel
		return visit(i)
	})
}

func (s *folderSystem) read(_ context.Context, p string, from, size int64, w writerAt) (int64, error) {
	s.mu.Lock()
	s.asked[p]++
	n := s.asked[p]
	s.mu.Unlock()
	if s.before != nil {
		s.before(s.at(p), n)
	}
	file, err := os.Open(s.at(p))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var cut error
	if s.lost != nil {
		if cut = s.lost(p, n); cut != nil {
			size /= 2
		}
	}
	done, err := io.Copy(io.NewOffsetWriter(w, from), onlyReader{io.NewSectionReader(file, from, size)})
	return done, errors.Join(err, cut)
}

func (s *folderSystem) create(context.Context, string) error        { return errors.ErrUnsupported }
func (s *folderSystem) write(context.Context, string, pieces) error { return errors.ErrUnsupported }
func (s *folderSystem) do(context.Context, []op) error              { return errors.ErrUnsupported }
func (s *folderSystem) flush(context.Context, []string) error       { return errors.ErrUnsupported }
func (s *folderSystem) close() error                                { return nil }

// sumsOf is what the host's own tool would say.
func (s *folderSystem) sums(paths []string) map[string]Sum {
	m := map[string]Sum{}
	for _, p := range paths {
		if b, err := os.ReadFile(s.at(p)); err == nil {
			m[p] = sha256.Sum256(b)
		}
	}
	return m
}
