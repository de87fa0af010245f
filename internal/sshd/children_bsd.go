//go:build unix && !linux

package sshd

// alive names the groups that have members, by their leaders.
func (c *Children) alive() []int { return leaders(c.ours()) }
