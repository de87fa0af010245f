//go:build unix

package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
)

// background starts a lab in another process and ends it with the test.
func background(t *testing.T, o Options) *Info {
	t.Helper()
	t.Setenv("LAB_TEST", "serve")
	dir, err := Start(t.Context(), []string{os.Args[0]}, o)
	if err != nil {
		t.Fatal(err)
	}
	i, err := Status(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(dir, infoFile)); err == nil {
			if err := Down(context.Background(), dir); err != nil {
				t.Error(err)
			}
		}
		// It was our child; nobody else waits for it.
		var status syscall.WaitStatus
		_, _ = syscall.Wait4(i.PID, &status, 0, nil)
	})
	return i
}

func (i *Info) dial(t *testing.T) *ssh.Client {
	t.Helper()
	c, err := connect(i.Hosts[0], loginName(), filepath.Join(i.Dir, identityFile), filepath.Join(i.Dir, knownHostsFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// leave starts a command that ignores every polite way to end, and returns its
// process id.
func leave(t *testing.T, c *ssh.Client) int {
	t.Helper()
	var pid int
	out := run(t, c, "trap '' TERM HUP INT; sleep 600 >/dev/null 2>&1 </dev/null & echo $!")
	if _, err := fmt.Sscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// gone also accepts a zombie that a slow init has not waited for yet.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(b), ") Z ")
}

func TestUpAndDown(t *testing.T) {
	registry := filepath.Join(t.TempDir(), "labs")
	i := background(t, Options{N: 2, Registry: registry})
	if !i.Running || len(i.Hosts) != 2 || i.PID == os.Getpid() {
		t.Errorf("got %+v", i)
	}
	if dirs, err := Dirs(registry); err != nil || len(dirs) != 1 || dirs[0] != i.Dir {
		t.Errorf("got %q, %v, want %q", dirs, err, i.Dir)
	}
	c := i.dial(t)
	if got := run(t, c, "hostname"); got != "lab01\n" {
		t.Errorf("got %q", got)
	}
	pid := leave(t, c)
	if err := Down(t.Context(), i.Dir); err != nil {
		t.Fatal(err)
	}
	if !gone(pid) {
		t.Error("a command is left")
	}
	if _, err := os.Stat(i.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
	if dirs, err := Dirs(registry); err != nil || len(dirs) != 0 {
		t.Errorf("still listed: %q, %v", dirs, err)
	}
}

func TestDownAfterTheProcessWasKilled(t *testing.T) {
	i := background(t, Options{N: 1})
	pid := leave(t, i.dial(t))
	if err := syscall.Kill(i.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the status says so", func() bool {
		i, err := Status(i.Dir)
		return err == nil && !i.Running
	})
	if err := Down(t.Context(), i.Dir); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" && !gone(pid) {
		t.Error("a command is left")
	}
	if _, err := os.Stat(i.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
}

func TestLabEndsWithItsFolder(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("another lab in its place %t", again), func(t *testing.T) {
			registry := filepath.Join(t.TempDir(), "labs")
			i := background(t, Options{N: 1, Registry: registry})
			pid := leave(t, i.dial(t))
			if err := os.RemoveAll(i.Dir); err != nil {
				t.Fatal(err)
			}
			want := 0
			if again {
				background(t, Options{N: 2, Dir: i.Dir, Registry: registry})
				want = 1
			}
			eventually(t, "the process has ended", func() bool { return gone(i.PID) })
			if !gone(pid) {
				t.Error("a command is left")
			}
			if dirs, err := Dirs(registry); err != nil || len(dirs) != want {
				t.Errorf("listed: %q, %v", dirs, err)
			}
			if j, err := Status(i.Dir); (err == nil) != again || again && (!j.Running || len(j.Hosts) != 2) {
				t.Errorf("got %+v, %v", j, err)
			}
		})
	}
}

func TestStartTellsWhy(t *testing.T) {
	for _, tt := range []struct{ mode, want string }{
		{"die", "no luck today"},
		{"serve", "taken"},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			t.Setenv("LAB_TEST", tt.mode)
			dir := filepath.Join(t.TempDir(), "lab")
			o := Options{N: 1, Dir: dir}
			if tt.mode == "serve" {
				// A file in place of the registry's folder fails in the other process.
				o.Registry = filepath.Join(t.TempDir(), "taken")
				if err := os.WriteFile(o.Registry, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Start(t.Context(), []string{os.Args[0]}, o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the folder is left: %v", err)
			}
		})
	}
	t.Run("no program", func(t *testing.T) {
		if _, err := Start(t.Context(), []string{filepath.Join(t.TempDir(), "none")}, Options{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDownLeavesStrangersAlone(t *testing.T) {
	t.Run("nothing there", func(t *testing.T) {
		if err := Down(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "no lab") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("in a process of its own", func(t *testing.T) {
		l := startUp(t, Options{N: 1})
		if err := Down(t.Context(), l.Dir); err == nil || !strings.Contains(err.Error(), "belongs to process") {
			t.Errorf("got %v", err)
		}
		if i, err := Status(l.Dir); err != nil || !i.Running {
			t.Errorf("got %v, %v", i, err)
		}
	})
	t.Run("a number from the past", func(t *testing.T) {
		// The process in lab.json is alive, but holds no lock: it is this one.
		dir := t.TempDir()
		text := fmt.Sprintf(`{"pid": %d, "background": true}`, os.Getpid())
		if err := os.WriteFile(filepath.Join(dir, infoFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, lockFile), []byte(fmt.Sprintln(os.Getpid())), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Down(t.Context(), dir); err != nil {
			t.Error(err)
		}
		if rest, err := os.ReadDir(dir); err != nil || len(rest) != 0 {
			t.Errorf("left %v, %v", rest, err)
		}
	})
}

func TestRegistry(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_STATE_HOME": "/state", "HOME": "/h"}, "/state/fleet/labs"},
		{map[string]string{"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/fleet/labs"},
		{nil, ""},
	} {
		got := Registry(func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok })
		if got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.env, got, tt.want)
		}
	}
	if dirs, err := Dirs(filepath.Join(t.TempDir(), "none")); err != nil || len(dirs) != 0 {
		t.Errorf("got %v, %v", dirs, err)
	}
}
