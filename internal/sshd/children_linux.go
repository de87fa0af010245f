package sshd

import (
	"bytes"
	"os"

	"fleet/internal/proc"
)

// alive looks for members of the groups and for marked processes.
func (c *Children) alive() []int {
	groups := c.ours()
	all := proc.All()
	if all == nil {
		return leaders(groups)
	}
	var alive []int
	for _, p := range all {
		if p.PID == os.Getpid() {
			continue
		}
		if _, member := groups[p.Group]; member || bytes.Contains(proc.Environ(p.PID), []byte(c.marker)) {
			alive = append(alive, p.PID)
		}
	}
	return alive
}

// exists tells whether a process that was alive still is.
func exists(pid int) bool { return proc.Alive(pid) }
