//go:build !windows

package main

import (
	"errors"
	"syscall"
)

// agentsExist says whether this system can have an agent.
const agentsExist = true

var errNoAgents = errors.New("there is no agent on this system")

// ownSession is for a process that no terminal reaches.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
