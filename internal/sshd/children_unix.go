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
	for pid, g := range c.ours() {
		if g.of == s {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
	}
}

// kill kills the groups and the processes.
func (c *Children) kill(pids []int) {
	for pid := range c.ours() {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// ours are the groups that have members. A number stays taken while its group
// has any, so where the leader was reaped and a process of that number exists
// again, the group was empty in between and the number is a stranger's.
func (c *Children) ours() map[int]group {
	c.mu.Lock()
	defer c.mu.Unlock()
	groups := make(map[int]group, len(c.groups))
	for pid, g := range c.groups {
		if !g.led && (syscall.Kill(pid, 0) != syscall.ESRCH || syscall.Kill(-pid, 0) == syscall.ESRCH) {
			delete(c.groups, pid)
			continue
		}
		groups[pid] = g
	}
	return groups
}

func leaders(groups map[int]group) []int {
	var pids []int
	for pid := range groups {
		pids = append(pids, pid)
	}
	return pids
}
