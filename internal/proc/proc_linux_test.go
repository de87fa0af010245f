package proc

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTheDeadAreNotListed(t *testing.T) {
	cmd := child(t)
	pid := cmd.Process.Pid
	if !Alive(pid) {
		t.Error("it is not alive from the start")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Ended, and not waited for: its entry stays.
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if Alive(pid) || slices.ContainsFunc(All(), func(p Process) bool { return p.PID == pid }) || len(Environ(pid)) > 0 {
		t.Error("the dead are listed")
	}
}
