//go:build unix

package transfer

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOpenSourceRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                          "is a folder",
		pipe:                         "neither a file nor a folder",
		filepath.Join(dir, "nobody"): "no such file or directory",
	} {
		if _, err := OpenSource(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}
