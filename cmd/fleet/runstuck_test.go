//go:build linux

package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A pager that is left open does not read; a user who leaves must get away.
func TestAUserCanLeaveWhileNobodyReadsTheOutput(t *testing.T) {
	t.Parallel()
	l, mark := terminalLab(t), newMark()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	size, err := unix.FcntlInt(w.Fd(), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("fleet", "run", "-w", "lab01", "--", "yes; sleep "+mark)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "FLEET_AGENT=off", "FLEET_INVENTORY=" + l.Inventory}
	said := watch("\x00")
	cmd.Stdout, cmd.Stderr = w, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	eventually(t, "the pipe is full", func() bool {
		n, err := unix.IoctlGetInt(int(r.Fd()), unix.TIOCINQ)
		return err == nil && n > size-unix.PathMax
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its status is looked at below
	}()
	signals := time.NewTicker(2 * echo)
	defer signals.Stop()
	for range 2 {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-signals.C
	}
	select {
	case <-ended:
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		<-ended
	}
	if got := cmd.ProcessState.ExitCode(); got != 143 {
		t.Errorf("exit status %d, want 143", got)
	}
	if want := "the command has ended on 1 host: lab01"; !strings.Contains(said.String(), want) {
		t.Errorf("no %q in %q", want, said.String())
	}
}
