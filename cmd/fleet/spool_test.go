package main

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

func startSpool(t *testing.T, in io.Reader, failed func(error)) *spool {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	if failed == nil {
		failed = func(err error) { t.Errorf("failed: %v", err) }
	}
	s, err := newSpool(in, failed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func TestEveryReaderOfASpoolGetsAllOfIt(t *testing.T) {
	want := make([]byte, 3<<20)
	for i := range want {
		want[i] = byte(rand.Uint32())
	}
	s := startSpool(t, iotest.HalfReader(bytes.NewReader(want)), nil)
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			got, err := io.ReadAll(s.reader())
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
			}
		})
	}
	readers.Wait()
	// One that comes late as well.
	if got, err := io.ReadAll(s.reader()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("late: got %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestASpoolLeavesNoFile(t *testing.T) {
	s := startSpool(t, strings.NewReader("x"), nil)
	if _, err := io.ReadAll(s.reader()); err != nil {
		t.Fatal(err)
	}
	s.close()
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestAReaderOfASpoolCanBeUnblocked(t *testing.T) {
	in, w := io.Pipe() // neither gives anything nor ends
	defer w.Close()
	s := startSpool(t, in, nil)
	for name, unblock := range map[string]func(io.Closer){
		"by its Close": func(r io.Closer) { _ = r.Close() },
		"by the end":   func(io.Closer) { s.close() },
	} {
		t.Run(name, func(t *testing.T) {
			r := s.reader()
			done := make(chan error)
			go func() {
				_, err := r.Read(make([]byte, 1))
				done <- err
			}()
			unblock(r)
			if err := <-done; !errors.Is(err, io.EOF) {
				t.Errorf("got %v, want EOF", err)
			}
		})
	}
}

// An endless reader counts what is taken from it.
type endless struct {
	mu   sync.Mutex
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.read += int64(len(p))
	return len(p), nil
}

func (e *endless) taken() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.read
}

func TestAnInputWithoutEndDoesNotFillTheDisk(t *testing.T) {
	in := new(endless)
	s := startSpool(t, in, nil)
	r := s.reader()
	const wanted = 2 * spoolAhead
	if _, err := io.CopyN(io.Discard, r, wanted); err != nil {
		t.Fatal(err)
	}
	if got, most := in.taken(), int64(wanted+spoolAhead+64<<10); got > most {
		t.Errorf("took in %d bytes for %d wanted, more than %d", got, wanted, most)
	}
}

// A command must not take half of its input for all of it.
func TestAnInputThatFailsHasNoEnd(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		told := make(chan error, 1)
		in := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))
		s, err := newSpool(in, func(err error) { told <- err })
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		if err := <-told; !errors.Is(err, broken) {
			t.Errorf("told %v, want %v", err, broken)
		}
		r := s.reader()
		if _, err := io.ReadFull(r, make([]byte, len("half"))); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := r.Read(make([]byte, 1))
			ended <- err
		}()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Errorf("it ended by itself: %v", err)
		default:
			_ = r.Close()
			if err := <-ended; err == nil {
				t.Error("a closed reader gave a byte")
			}
		}
	})
}
