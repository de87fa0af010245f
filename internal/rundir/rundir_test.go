//go:build !windows

package rundir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"fleet/internal/rundir"
)

func session(dir string) func(string) string {
	return func(name string) string {
		if name == "XDG_RUNTIME_DIR" {
			return dir
		}
		return ""
	}
}

// short is a folder with a path that leaves room for sockets, with its mode.
func short(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheFolderIsThatOfTheSession(t *testing.T) {
	run := short(t, 0o700)
	if _, err := rundir.Dir(session(run), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before it is made: got %v", err)
	}
	dir, err := rundir.Dir(session(run), true)
	if err != nil || dir != filepath.Join(run, "fleet") {
		t.Fatalf("got %q, %v", dir, err)
	}
	if info, err := os.Lstat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v", info, err)
	}
	if again, err := rundir.Dir(session(run), false); err != nil || again != dir {
		t.Errorf("again: got %q, %v", again, err)
	}
}

func TestASessionWithoutRoomForSocketsHasItsFolderAmongTheTemporaryFiles(t *testing.T) {
	for name, run := range map[string]string{
		"not set": "", "relative": "run/user", "too long": "/" + strings.Repeat("r", rundir.MaxPath-20),
	} {
		t.Run(name, func(t *testing.T) {
			temp := short(t, 0o777|fs.ModeSticky)
			t.Setenv("TMPDIR", temp)
			dir, err := rundir.Dir(session(run), true)
			if err != nil || dir != filepath.Join(temp, "fleet-"+strconv.Itoa(os.Getuid())) {
				t.Errorf("got %q, %v", dir, err)
			}
		})
	}
}

func TestAFolderOfOthersIsNotUsed(t *testing.T) {
	for _, test := range []struct {
		name  string
		above fs.FileMode
		make  func(dir string) error
		want  string
	}{
		{"a group may enter", 0o700, func(dir string) error { return os.Mkdir(dir, 0o750) }, "others may enter it"},
		{"a symbolic link to a safe one", 0o700, func(dir string) error {
			return errors.Join(os.Mkdir(dir+"2", 0o700), os.Symlink(dir+"2", dir))
		}, "it is not a folder"},
		{"a file", 0o700, func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, "it is not a folder"},
		{"everybody may rename it", 0o777, func(dir string) error { return os.Mkdir(dir, 0o700) }, "everybody may rename"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := short(t, test.above)
			dir := filepath.Join(run, "fleet")
			if err := test.make(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := rundir.Dir(session(run), false); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestAFolderOfAnotherUserIsNotUsed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives folders to others")
	}
	run := short(t, 0o777|fs.ModeSticky)
	dir := filepath.Join(run, "fleet")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	if _, err := rundir.Dir(session(run), true); !errors.Is(err, rundir.ErrNotOurs) {
		t.Errorf("got %v", err)
	}
}
