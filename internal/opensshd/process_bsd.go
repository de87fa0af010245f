//go:build unix && !linux

package opensshd

import "fleet/internal/proc"

// Commands are the processes alive now that connections of this server
// started. What outlives its connection is not found on this system.
func (s *Server) Commands() []int {
	select {
	case <-s.exited:
		return nil
	default:
		return proc.Descendants(s.cmd.Process.Pid, proc.All())
	}
}
