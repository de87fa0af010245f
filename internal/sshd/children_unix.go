//go:build unix

package sshd

import (
	"os/exec"
	"syscall"
)

// start starts cmd, which makes a process group of its own, for s.
func (c *Children) start(cmd *exec.Cmd, s *Server) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	c.mu.Lock()
	c.groups[pid] = group{of: s, led: true}
	c.used = true
	c.mu.Unlock()
	// Close may have come in between and not have seen the group.
	if s.ctx.Err() != nil {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	return nil
}

// reaped notes that the leader of a group was waited for. A group without any
// other member is forgotten.
func (c *Children) reaped(pid int) {
	empty := syscall.Kill(-pid, 0) == syscall.ESRCH
	c.mu.Lock()
	defer c.mu.Unlock()
	if empty {
		delete(c.groups, pid)
		return
	}
	g := c.groups[pid]
	g.led = false
	c.groups[pid] = g
}

// killOf kills the groups of s; nobody waits here.
func (c *Children) killOf(s *Server) {
	for pid, g := range c.snapshot() {
		if g.of == s {
			c.killGroup(pid, g)
		}
	}
}

// killGroup kills one group unless its number may be a stranger's by now. A
// number stays taken while its group has members, so where the leader was
// reaped and a process of that number exists again, the group was empty in
// between.
func (c *Children) killGroup(pid int, g group) {
	if g.led || syscall.Kill(pid, 0) == syscall.ESRCH {
		if syscall.Kill(-pid, syscall.SIGKILL) != syscall.ESRCH {
			return
		}
	}
	if !g.led {
		c.mu.Lock()
		delete(c.groups, pid)
		c.mu.Unlock()
	}
}

func (c *Children) snapshot() map[int]group {
	c.mu.Lock()
	defer c.mu.Unlock()
	groups := make(map[int]group, len(c.groups))
	for pid, g := range c.groups {
		groups[pid] = g
	}
	return groups
}

// remaining are the groups that still have members.
func (c *Children) remaining(groups map[int]group) []int {
	var left []int
	for pid := range groups {
		if syscall.Kill(-pid, 0) != syscall.ESRCH {
			left = append(left, pid)
		}
	}
	return left
}
