//go:build unix && !linux

package sshd

// alive names the groups that have members, by their leaders.
func (c *Children) alive() []int { return leaders(c.ours()) }

// exists has nothing to add: a group is alive until its last member is gone.
func exists(int) bool { return false }
