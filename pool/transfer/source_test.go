package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// localFile is a file with size bytes that do not repeat.
func localFile(t *testing.T, size int) (path string, content []byte) {
	t.Helper()
	content = make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content)
	path = filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(path, content, 0o640); err != nil {
		t.Fatal(err)
	}
	return path, content
}

func openSource(t *testing.T, path string) *Source {
	t.Helper()
	s, err := OpenSource(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func readAll(ctx context.Context, s *Source, most int) ([]byte, error) {
	var all []byte
	for at := int64(0); at < s.Size(); {
		p, release, err := s.block(ctx, at, most)
		if err != nil {
			return all, err
		}
		all = append(all, p...)
		at += int64(len(p))
		release()
	}
	return all, nil
}

func TestSourceGivesEveryByteToAllHosts(t *testing.T) {
	for _, size := range []int{0, 1, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 7} {
		path, content := localFile(t, size)
		s := openSource(t, path)
		var hosts sync.WaitGroup
		for _, most := range []int{32 << 10, blockSize, 1 << 20, 1000} {
			hosts.Go(func() {
				if got, err := readAll(t.Context(), s, most); err != nil || !bytes.Equal(got, content) {
					t.Errorf("size %d, pieces of %d: %d bytes that are not the file's, %v", size, most, len(got), err)
				}
				if sum, err := s.Sum(t.Context()); err != nil || sum != sha256.Sum256(content) {
					t.Errorf("size %d: wrong sum, %v", size, err)
				}
			})
		}
		hosts.Wait()
		if s.Name() != "source" || s.Size() != int64(size) || s.Mode() != 0o640 {
			t.Errorf("got %q, %d bytes, mode %v", s.Name(), s.Size(), s.Mode())
		}
	}
}

// A countingReader counts what is read.
type countingReader struct {
	io.ReaderAt
	bytes atomic.Int64
}

func (r *countingReader) ReadAt(p []byte, at int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, at)
	r.bytes.Add(int64(n))
	return n, err
}

func TestSourceIsReadOnceForHostsThatKeepUp(t *testing.T) {
	path, content := localFile(t, 80*blockSize)
	s := openSource(t, path)
	counted := &countingReader{ReaderAt: s.file}
	s.cache.file = counted
	release := s.cache.hold()
	for at := int64(0); at < s.Size(); at += blockSize {
		for range 20 {
			p, done, err := s.block(t.Context(), at, 32<<10)
			if err != nil || !bytes.Equal(p, content[at:at+int64(len(p))]) {
				t.Fatalf("at %d: %v", at, err)
			}
			done()
		}
	}
	if read := counted.bytes.Load(); read != s.Size() {
		t.Errorf("%d bytes were read for a file of %d", read, s.Size())
	}
	if s.cache.count > maxBlocks {
		t.Errorf("%d blocks are kept, more than %d", s.cache.count, maxBlocks)
	}
	release()
	if s.cache.count != 0 || len(s.cache.blocks) != 0 {
		t.Errorf("%d buffers and %d blocks are kept for nobody", s.cache.count, len(s.cache.blocks))
	}
}

func TestSourceThatIsAllInUseIsReadNonetheless(t *testing.T) {
	path, content := localFile(t, 2*maxBlocks*blockSize)
	s := openSource(t, path)
	defer s.cache.hold()()
	var done []func()
	for at := int64(0); at < s.Size(); at += blockSize {
		p, release, err := s.block(t.Context(), at, blockSize)
		if err != nil || !bytes.Equal(p, content[at:at+blockSize]) {
			t.Fatalf("at %d: %v", at, err)
		}
		done = append(done, release)
	}
	for _, release := range done {
		release()
	}
	if s.cache.count > maxBlocks {
		t.Errorf("%d blocks are kept, more than %d", s.cache.count, maxBlocks)
	}
}

func TestSourceTellsThatTheFileChanges(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"longer":  func(path string) error { return os.Truncate(path, 3*blockSize) },
		"shorter": func(path string) error { return os.Truncate(path, blockSize) },
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			path, _ := localFile(t, 2*blockSize)
			s := openSource(t, path)
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Sum(t.Context()); !errors.Is(err, errChanged) || !strings.Contains(err.Error(), path) {
				t.Errorf("sum: %v", err)
			}
			if _, err := readAll(t.Context(), s, blockSize); name == "shorter" && !errors.Is(err, errChanged) {
				t.Errorf("read: %v", err)
			}
		})
	}
}

func TestSourceWaitsForNobodyWhoGaveUp(t *testing.T) {
	path, content := localFile(t, 10)
	s := openSource(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Sum(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if sum, err := s.Sum(t.Context()); err != nil || sum != sha256.Sum256(content) {
		t.Errorf("the next one gets %v", err)
	}
}

func TestNewSourceIsItsContent(t *testing.T) {
	s := NewSource("/a/motd.tmpl", []byte("hello\n"), 0o4755)
	if got, err := readAll(t.Context(), s, 4); err != nil || string(got) != "hello\n" {
		t.Errorf("got %q, %v", got, err)
	}
	sum, err := s.Sum(t.Context())
	if err != nil || sum != sha256.Sum256([]byte("hello\n")) || s.Name() != "motd.tmpl" || s.Mode() != 0o755 {
		t.Errorf("got %x, %v, %q, %v", sum, err, s.Name(), s.Mode())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
