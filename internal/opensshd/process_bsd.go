//go:build unix && !linux

package opensshd

import (
	"fmt"
	"os/exec"
	"strings"
)

// Commands are the processes alive now that connections of this server
// started. What outlives its connection is not found on this system.
func (s *Server) Commands() []int {
	select {
	case <-s.exited:
		return nil
	default:
		return descendants(s.cmd.Process.Pid, processes())
	}
}

func processes() []process {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,uid=,state=").Output()
	if err != nil {
		return nil
	}
	var all []process
	for line := range strings.Lines(string(out)) {
		var p process
		var state string
		if _, err := fmt.Sscan(line, &p.pid, &p.ppid, &p.uid, &state); err == nil && !strings.HasPrefix(state, "Z") {
			all = append(all, p)
		}
	}
	return all
}
