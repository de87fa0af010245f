package transport

import (
	"os"
	"os/exec"
	"time"
)

func ownGroup(*exec.Cmd) {}

// endGroup ends the process itself: Windows has no process groups to signal.
func endGroup(cmd *exec.Cmd, grace time.Duration, ended <-chan struct{}) bool {
	_ = cmd.Process.Kill()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}

func localStatus(ps *os.ProcessState) Status { return Status{Code: ps.ExitCode()} }
