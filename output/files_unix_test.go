//go:build unix

package output

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A FIFO in the place of a file would make everybody wait for its reader, and
// with one it would pass the output on.
func TestFilesAreNeverPipes(t *testing.T) {
	for name, read := range map[string]bool{"nobody reads": false, "somebody reads": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fifo := filepath.Join(dir, "a")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			if read {
				r, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
			}
			var said []error
			f, err := NewFiles(dir, "", func(err error) { said = append(said, err) })
			if err != nil {
				t.Fatal(err)
			}
			script{hosts("a", "b"), out("a", "x\n"), out("b", "y\n"), ok("a"), ok("b")}.play(f)
			if err := f.Close(); !errors.Is(err, errNotFile) {
				t.Errorf("Close: %v", err)
			}
			if len(said) != 1 {
				t.Errorf("said %v", said)
			}
			if b, err := os.ReadFile(filepath.Join(dir, "b")); string(b) != "y\n" {
				t.Errorf("b: %q, %v", b, err)
			}
		})
	}
}
