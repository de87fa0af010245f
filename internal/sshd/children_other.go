//go:build !unix

package sshd

// No commands run on these systems.
func (c *Children) killOf(*Server) {}
func (c *Children) alive() []int   { return nil }
func (c *Children) kill([]int)     {}
func exists(int) bool              { return false }
