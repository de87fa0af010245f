//go:build !windows

package pool

import (
	"os/exec"
	"syscall"
)

func shellCommand(shell, command string) *exec.Cmd { return exec.Command(shell, "-c", command) }

// ownGroup makes cmd lead a process group, so that Ctrl-C on the terminal does
// not reach it before fleet is done with it, and endGroup can end all of it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func endGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
