//go:build unix

package opensshd

import (
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"fleet/internal/proc"
)

const supported = true

func inOwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// stop ends the server and everything that was started through it, and
// returns the processes that would not end.
//
// The processes of the connections leave the group of the server, those of the
// commands leave theirs, and when their parent ends nothing leads to them any
// more. So the server is held while its descendants are read, and all of them
// are killed at once; what was detached before is known by its environment.
func (s *Server) stop() []int {
	if s.cmd == nil {
		return nil
	}
	pid := s.cmd.Process.Pid
	select {
	case <-s.exited: // its number may be another's by now
	default:
		_ = syscall.Kill(pid, syscall.SIGSTOP)
		for _, child := range proc.Descendants(pid, proc.All()) {
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		<-s.exited
	}
	var left []int
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if left = s.Commands(); len(left) == 0 {
			return nil
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return left
}

// killUser ends the processes of a user that was made for the test: userdel
// would leave them behind.
func killUser(name string) {
	u, err := user.Lookup(name)
	if err != nil {
		return
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil || uid == 0 {
		return
	}
	for _, p := range proc.All() {
		if p.User == uid {
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		}
	}
}
