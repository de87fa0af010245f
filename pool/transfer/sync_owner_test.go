//go:build unix

package transfer

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"
)

func ownerOf(t *testing.T, path string) string {
	t.Helper()
	stat, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	is := stat.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d %v", is.Uid, is.Gid, stat.Mode())
}

func TestSyncGivesOwnersAndModes(t *testing.T) {
	needRoot(t)
	for _, start := range []string{"sudo", "sudo without sftp"} {
		t.Run(start, func(t *testing.T) {
			h := sudoHost(t)
			if start != "sudo" {
				h.Transport = noServer{h.Transport}
			}
			r := h.open(t)
			source := plant(t, map[string]string{"run": "1", "d/x": "1"})
			o := &SyncOptions{Destination: h.path("to")}
			o.Owner, o.Group, o.Mode, o.HasMode = "12345", "23456", fs.ModeSetuid|0o750, true
			syncTree(t, r, source+"/", o)
			for name, want := range map[string]string{"run": "12345:23456 urwxr-x---", "d": "12345:23456 drwxr-xr-x", "d/x": "12345:23456 urwxr-x---", ".": "12345:23456 drwxr-xr-x"} {
				if got := ownerOf(t, h.local("to/"+name)); got != want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
			if report := syncTree(t, r, source+"/", o); report.Changed() {
				t.Errorf("the second time: %q", said(report, h.path("to")))
			}
			// Without being asked, what is replaced keeps its owner.
			plantOne(t, source, "run", "22")
			syncTree(t, r, source+"/", &SyncOptions{Destination: h.path("to")})
			if got, want := ownerOf(t, h.local("to/run")), "12345:23456 -rw-r--r--"; got != want {
				t.Errorf("after an update: %s, want %s", got, want)
			}
		})
	}
}

// A folder for everybody without its sticky bit would let everybody delete what is
// others'. The sum of a file that its own user may not read is taken all the same.
func TestSyncKeepsAllModeBits(t *testing.T) {
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		source := plant(t, map[string]string{"setuid": "1", "setgid": "1", "none": "1", "shared/x": "1", "tmp/y": "1"})
		for name, mode := range map[string]fs.FileMode{
			"setuid": fs.ModeSetuid | 0o755, "setgid": fs.ModeSetgid | 0o755, "shared": fs.ModeSetgid | 0o775, "tmp": fs.ModeSticky | 0o777,
			"none": 0,
		} {
			if name == "none" && os.Geteuid() != 0 {
				continue // nobody else can read it here
			}
			if err := os.Chmod(filepath.Join(source, name), mode); err != nil {
				t.Fatal(err)
			}
		}
		o := &SyncOptions{Destination: h.path("to")}
		syncTree(t, h.open(t), source+"/", o)
		sameTree(t, source, h.local("to"))
		// They are put back where the content is right.
		for _, name := range []string{"setuid", "tmp"} {
			if err := os.Chmod(h.local("to/"+name), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		syncTree(t, h.open(t), source+"/", o)
		sameTree(t, source, h.local("to"))
	})
}

// Folders that are not for writing, as in Go's module cache, are filled all the same,
// and have their mode again afterwards.
func TestSyncFillsFoldersThatAreNotForWriting(t *testing.T) {
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		source, r := plant(t, map[string]string{"closed/x": "1", "closed/y": "1"}), h.open(t)
		mode := func(mode fs.FileMode) {
			for _, dir := range []string{source, h.local("to")} {
				if err := os.Chmod(filepath.Join(dir, "closed"), mode); err != nil && dir == source {
					t.Fatal(err)
				}
			}
		}
		t.Cleanup(func() { mode(0o755) })
		mode(0o555)
		o := &SyncOptions{Destination: h.path("to"), Delete: true}
		syncTree(t, r, source+"/", o)
		sameTree(t, source, h.local("to"))
		mode(0o755)
		plantOne(t, source, "closed/x", "22")
		plantOne(t, source, "closed/new/z", "1")
		if err := os.Remove(filepath.Join(source, "closed/y")); err != nil {
			t.Fatal(err)
		}
		mode(0o555)
		syncTree(t, r, source+"/", o)
		sameTree(t, source, h.local("to"))
		nothingLeft(t, h.local("to"))
	})
}

// Folders that lock their owner out get their modes after all that is in them.
func TestSyncLocksFoldersLast(t *testing.T) {
	needRoot(t) // to read them here, as another user than on the host
	h := sshdHost(t)
	source := plant(t, map[string]string{"0/1/2/x": "1", "0/1/y": "1", "a/z": "1"})
	for _, dir := range []string{"0/1/2", "0/1", "0"} {
		if err := os.Chmod(filepath.Join(source, dir), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	syncTree(t, h.open(t), source+"/", &SyncOptions{Destination: h.path("to")})
	sameTree(t, source, h.local("to"))
}

// One tree goes to many hosts at once; what is large is open once for all of them.
func TestSyncToManyHostsAtOnce(t *testing.T) {
	source := plant(t, map[string]string{"small": "1", "d/x": "2"})
	f, err := os.Create(filepath.Join(source, "large"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(streamMax + 12345); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	tree := openTree(t, source+"/")
	var all errgroup.Group
	var hosts []*testHost
	for range 3 {
		h := embeddedHost(t)
		r := h.open(t)
		hosts = append(hosts, h)
		all.Go(func() error {
			_, err := r.Sync(t.Context(), tree, &SyncOptions{Destination: h.path("to")})
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		sameTree(t, source, h.local("to"))
	}
	if len(tree.sources) != 0 {
		t.Errorf("%d files are still open", len(tree.sources))
	}
}
