//go:build unix

package examples_test

import (
	"io"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"fleet/internal/proc"
)

// holdable lets a script of the copy wait where there is a pipe "hold" in the
// home folder, before it does anything.
func (s *scene) holdable(t *testing.T, script string) {
	t.Helper()
	s.edit(t, script, "set -eu\n", "set -eu\n[ ! -p hold ] || read -r go <hold\n")
}

// A hold makes a script wait on a host.
type hold struct {
	host, path string
	pipe       *os.File // the end to write to, once the script waits
}

// hold makes the next script that is holdable wait on host.
func (s *scene) hold(t *testing.T, host string) *hold {
	t.Helper()
	h := &hold{host: host, path: filepath.Join(s.home[host], "hold")}
	if err := syscall.Mkfifo(h.path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(h.path, 0o666); err != nil { // also for the user of the host
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if h.pipe != nil {
			_ = h.pipe.Close()
		}
	})
	return h
}

// reached returns when the script waits. No other one will.
func (h *hold) reached(t *testing.T) {
	t.Helper()
	eventually(t, "a script waits on "+h.host, func() bool {
		var err error
		h.pipe, err = os.OpenFile(h.path, os.O_WRONLY|syscall.O_NONBLOCK, 0) // fails where nobody reads
		return err == nil
	})
	if err := os.Remove(h.path); err != nil {
		t.Fatal(err)
	}
}

// release lets the script go on.
func (h *hold) release(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(h.pipe, "go\n"); err != nil {
		t.Fatalf("the script on %s did not wait any more: %v", h.host, err)
	}
}

// over waits until the script is no more.
func (h *hold) over(t *testing.T) {
	t.Helper()
	eventually(t, "the script has ended on "+h.host, func() bool {
		end := []unix.PollFd{{Fd: int32(h.pipe.Fd())}} // an error when nobody reads
		n, err := unix.Poll(end, 0)
		return err == nil && n > 0
	})
}

// cut breaks every connection to a host, and leaves alone what runs there.
func (s *scene) cut(t *testing.T, host string) {
	t.Helper()
	if s.lab != nil {
		if s.lab.Server(s.named(host)).Drop() == 0 {
			t.Fatalf("there was no connection to %s", host)
		}
		return
	}
	commands := s.servers[host].Commands()
	account, err := user.Lookup(s.servers[host].User)
	if err != nil {
		t.Fatal(err)
	}
	sessions := 0
	for _, p := range proc.All() { // of this user, who has no other processes
		if strconv.Itoa(p.User) != account.Uid || slices.Contains(commands, p.PID) {
			continue
		}
		sessions++
		if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if sessions == 0 {
		t.Fatalf("there was no connection to %s", host)
	}
}

// named is the name of a host in the lab.
func (s *scene) named(host string) string {
	for i, h := range s.hosts {
		if h == host {
			return s.lab.Hosts[i].Name
		}
	}
	return ""
}

// processes are those that run on a host.
func (s *scene) processes(host string) []int {
	if s.lab != nil {
		return s.lab.Server(s.named(host)).Processes()
	}
	return s.servers[host].Commands()
}
