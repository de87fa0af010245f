package transfer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// blocksOf is how many bytes of the disk a file takes.
func blocksOf(t testing.TB, path string) int64 {
	t.Helper()
	is, err := os.Stat(path)
	must(t, err)
	return is.Sys().(*syscall.Stat_t).Blocks * 512
}

func TestFetchOfASparseFileTakesNoMoreRoom(t *testing.T) {
	h := embeddedHost(t)
	file, err := os.Create(h.local("sparse"))
	must(t, err)
	must(t, file.Truncate(64<<20))
	_, err = file.WriteAt([]byte("end"), 64<<20-3)
	must(t, errors.Join(err, file.Close()))
	dir, _, err := fetchFrom(t, h, &FetchOptions{}, Item{h.path("sparse"), "sparse"})
	must(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "sparse"))
	must(t, err)
	if len(got) != 64<<20 || string(got[len(got)-3:]) != "end" || bytes.Count(got, []byte{0}) != len(got)-3 {
		t.Error("the content is not the same")
	}
	if n := blocksOf(t, filepath.Join(dir, "sparse")); n > 1<<20 {
		t.Errorf("it takes %d bytes", n)
	}
}

func TestFetchOfFilesWithoutASize(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		dir, _, err := fetchFrom(t, h, &FetchOptions{}, Item{"/proc/version", "version"}, Item{"/proc/cpuinfo", "cpu"})
		must(t, err)
		want, err := os.ReadFile("/proc/version")
		must(t, err)
		got, err := os.ReadFile(filepath.Join(dir, "version"))
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
