package transport

import (
	"os"
	"os/exec"
	"time"
)

func ownGroup(*exec.Cmd) {}

// A watchdog is nothing: Windows has no process groups for one to end.
type watchdog struct{}

func startWatchdog(time.Duration, string) (watchdog, error) { return watchdog{}, nil }

func (watchdog) watch(*os.Process) {}
func (watchdog) stop()             {}

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
