//go:build unix

package proc

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
)

// child starts a process that waits for the end of its input.
func child(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("cat")
	cmd.Env = []string{"PROC_TEST=a mark"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

func TestAllHasWhatWasStarted(t *testing.T) {
	pid := child(t).Process.Pid
	all := All()
	want := Process{PID: pid, Parent: os.Getpid(), Group: pid, User: os.Getuid()}
	if !slices.Contains(all, want) {
		t.Errorf("%+v is not among %d processes", want, len(all))
	}
	if got := Descendants(os.Getpid(), all); !slices.Contains(got, pid) {
		t.Errorf("the descendants are %v, without %d", got, pid)
	}
	if runtime.GOOS == "linux" && !bytes.Contains(Environ(pid), []byte("PROC_TEST=a mark\x00")) {
		t.Errorf("its environment is %q", Environ(pid))
	}
}
