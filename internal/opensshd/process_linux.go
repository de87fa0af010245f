package opensshd

import (
	"bytes"
	"slices"
	"strconv"

	"fleet/internal/proc"
)

// Commands are the processes alive now that sessions of this server started,
// with all their descendants, whether or not their connection still is there.
// What clears its environment and outlives its parent is not found.
func (s *Server) Commands() []int {
	var found []int
	for _, p := range proc.All() {
		if s.isOurs(proc.Environ(p.PID)) {
			found = append(found, p.PID)
		}
	}
	return found
}

// isOurs looks for the port in SSH_CONNECTION, which sshd sets for every
// command.
func (s *Server) isOurs(environ []byte) bool {
	suffix := []byte(" " + s.Host + " " + strconv.Itoa(s.Port))
	return slices.ContainsFunc(bytes.Split(environ, []byte{0}), func(kv []byte) bool {
		return bytes.HasPrefix(kv, []byte("SSH_CONNECTION=")) && bytes.HasSuffix(kv, suffix)
	})
}
