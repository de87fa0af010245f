//go:build unix && !linux

package sshd

// killAll kills the groups and returns the ids of those that were alive.
func (c *Children) killAll() []int {
	for pid, g := range c.snapshot() {
		c.killGroup(pid, g)
	}
	return c.remaining(c.snapshot())
}
