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

// Files without a size that are in a folder are no empty files either, on hosts that
// tell of sums and on those that do not.
func TestFetchOfAFolderOfFilesWithoutASize(t *testing.T) {
	const dir, name = "/proc/sys/kernel/random", "poolsize"
	want, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	forHosts(t, []func(testing.TB) *testHost{embeddedHost, commandHost, fileOnlyHost}, func(t *testing.T, h *testHost) {
		into, _, err := fetchFrom(t, h, &FetchOptions{Exclude: []string{"*", "!" + name}}, Item{dir, "random"})
		must(t, err)
		if got, err := os.ReadFile(filepath.Join(into, "random", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %q and %v, want %q", got, err, want)
		}
	})
}
