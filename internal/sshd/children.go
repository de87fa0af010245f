package sshd

import (
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Children are the processes that commands started, and all that these started
// in turn. A process that put itself into a session of its own is still found
// on Linux, by a mark in its environment; elsewhere it escapes.
type Children struct {
	marker  string // "NAME=value" in the environment of every command
	private bool   // belongs to one server

	mu     sync.Mutex // guards groups and used
	groups map[int]group
	used   bool // a command was started
}

// A group is a process group that a command was started in.
type group struct {
	of *Server
	// led is set until the leader is reaped. After that its number is ours
	// only as long as the group has members.
	led bool
}

// NewChildren makes a set for servers to share (Config.Children). Its owner
// calls Kill once the servers are closed.
func NewChildren() *Children {
	return &Children{marker: "FLEET_SSHD=" + rand.Text(), groups: make(map[int]group)}
}

// Adopt is the set of the processes that carry mark: those of a server that
// was killed. Only on Linux are there any.
func Adopt(mark string) *Children {
	return &Children{marker: mark, groups: make(map[int]group), used: true}
}

// Mark is what the processes carry in their environment, for Adopt.
func (c *Children) Mark() string { return c.marker }

// Alive are the ids of the processes that are alive now, zombies left out.
func (c *Children) Alive() []int {
	c.mu.Lock()
	used := c.used
	c.mu.Unlock()
	if !used {
		return nil
	}
	return c.alive()
}

// killPatience is how long Kill waits for killed processes to be gone. Only a
// process stuck in the kernel takes more than a moment.
const killPatience = 10 * time.Second

// Kill ends everything that is left, and verifies it. An error names the
// processes that could not be ended.
func (c *Children) Kill() error {
	pause := time.Millisecond
	seen := make(map[int]struct{})
	for deadline := time.Now().Add(killPatience); ; {
		left := c.Alive()
		for _, pid := range left {
			seen[pid] = struct{}{}
		}
		// A process that is being killed loses its environment, and with it
		// its mark, some time before it is gone.
		for pid := range seen {
			if !slices.Contains(left, pid) && exists(pid) {
				left = append(left, pid)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			slices.Sort(left)
			return fmt.Errorf("sshd: processes are left that cannot be ended: %v", left)
		}
		c.kill(left)
		time.Sleep(pause)
		pause = min(2*pause, 100*time.Millisecond)
	}
}
