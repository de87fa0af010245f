package main

import (
	"errors"
	"syscall"
)

// agentsExist says whether this system can have an agent.
const agentsExist = false

var errNoAgents = errors.New("the agent is not available on Windows; other commands do the same without it")

func ownSession() *syscall.SysProcAttr { return nil }
