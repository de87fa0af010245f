package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Source is a local file, or text, that goes to hosts. It is read once for all
// hosts that are about as far as each other. Its methods may be called by any
// number of goroutines at once; Close comes last.
type Source struct {
	name  string
	path  string // for errors
	size  int64
	mode  fs.FileMode
	mtime time.Time

	content []byte   // where file is nil
	file    *os.File // owned
	cache   *cache   // of file

	lanes chan struct{} // see newLanes

	summing chan struct{} // holds one token: who has it computes the sum
	sum     *Sum          // guarded by summing

	mu   sync.Mutex
	left map[string]bool // guarded by mu: see leave
}

// A Sum is a SHA-256.
type Sum [sha256.Size]byte

// errChanged is a local file that is no longer what it was when it was opened.
var errChanged = errors.New("the local file changes while it is sent; the host keeps what it had; hint: send a copy, or wait until its writer is done")

// OpenSource opens the regular file at path, through links.
func OpenSource(path string) (*Source, error) {
	// Opening a pipe would wait for its writer, so what it is is asked first.
	was, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read local file %q: %w", path, reason(err))
	}
	if err := regular(path, was.Mode()); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read local file %q: %w", path, reason(err))
	}
	return newFileSource(path, f)
}

// newFileSource is a source of f, which belongs to it from now on, also where it
// fails.
func newFileSource(path string, f *os.File) (*Source, error) {
	is, err := f.Stat()
	if err == nil {
		err = regular(path, is.Mode())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s := &Source{
		name: filepath.Base(path), path: path,
		size: is.Size(), mode: is.Mode().Perm(), mtime: is.ModTime(),
		file: f, lanes: newLanes(), summing: make(chan struct{}, 1),
	}
	s.cache = newCache(f, s.size)
	return s, nil
}

// NewSource is a source of content, called name, with the permission bits of mode.
// The content is not to be changed while the source is in use.
func NewSource(name string, content []byte, mode fs.FileMode) *Source {
	return &Source{
		name: filepath.Base(name), path: name,
		size: int64(len(content)), mode: mode.Perm(),
		content: content, lanes: newLanes(), summing: make(chan struct{}, 1),
	}
}

func regular(path string, mode fs.FileMode) error {
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return fmt.Errorf("local %q is a folder, not a file", path)
	default:
		return fmt.Errorf("local %q is neither a file nor a folder; hint: what a pipe or a device gives has to be in a file first", path)
	}
}

// reason is err without the path, which is said already.
func reason(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// Name is the last element of the source's path.
func (s *Source) Name() string { return s.name }

// Size is how many bytes it has.
func (s *Source) Size() int64 { return s.size }

// Mode are its permission bits.
func (s *Source) Mode() fs.FileMode { return s.mode }

// Close lets the file go.
func (s *Source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// Sum is the SHA-256 of the content. It is taken once; callers wait for it.
func (s *Source) Sum(ctx context.Context) (Sum, error) {
	select {
	case s.summing <- struct{}{}:
		defer func() { <-s.summing }()
	case <-ctx.Done():
		return Sum{}, context.Cause(ctx)
	}
	if s.sum != nil {
		return *s.sum, nil
	}
	sum, err := s.sumOf(ctx, s.size)
	if err == nil {
		err = s.unchanged()
	}
	if err != nil {
		return Sum{}, err
	}
	s.sum = &sum
	return sum, nil
}

// sumOf is the SHA-256 of the first n bytes.
func (s *Source) sumOf(ctx context.Context, n int64) (Sum, error) {
	if s.file == nil {
		return sha256.Sum256(s.content[:n]), nil
	}
	h := sha256.New()
	p := make([]byte, blockSize)
	for at := int64(0); at < n; {
		if err := context.Cause(ctx); err != nil {
			return Sum{}, err
		}
		got, err := s.file.ReadAt(p[:min(n-at, blockSize)], at)
		if got == 0 {
			return Sum{}, s.readError(err)
		}
		_, _ = h.Write(p[:got])
		at += int64(got)
	}
	return Sum(h.Sum(nil)), nil
}

// block returns the bytes from offset on, at least one and at most most of them.
// They are given back by release.
func (s *Source) block(ctx context.Context, offset int64, most int) (p []byte, release func(), err error) {
	if s.file == nil {
		p = s.content[offset:]
		return p[:min(len(p), most)], func() {}, nil
	}
	b, err := s.cache.get(ctx, offset/blockSize)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, nil, cause
		}
		return nil, nil, s.readError(err)
	}
	p = b.data[offset%blockSize:]
	return p[:min(len(p), most)], func() { s.cache.release(b) }, nil
}

// hold keeps what is read, until release, for those who read it next.
func (s *Source) hold() (release func()) {
	if s.file == nil {
		return func() {}
	}
	return s.cache.hold()
}

// share is how much may be under way to each host, in bytes.
func (s *Source) share() int {
	if s.file == nil {
		return maxAway
	}
	return max(blockSize, maxAway/s.cache.holders())
}

// unchanged is an error where the file is not what it was when it was opened.
func (s *Source) unchanged() error {
	if s.file == nil {
		return nil
	}
	is, err := s.file.Stat()
	if err != nil {
		return s.readError(err)
	}
	if is.Size() != s.size || !is.ModTime().Equal(s.mtime) {
		return s.readError(errChanged)
	}
	return nil
}

// readError names the file. That there is less of it than there was is a change.
func (s *Source) readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errChanged
	}
	return fmt.Errorf("read local file %q: %w", s.path, reason(err))
}
