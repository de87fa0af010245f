//go:build !unix

package opensshd

import (
	"os/exec"
	"testing"
)

// Start skips the test, or fails it, before any of this is reached.
const supported = false

// Commands are the processes alive now that sessions of this server started.
func (s *Server) Commands() []int { return nil }

func (s *Server) stop() []int { return nil }

func inOwnGroup(*exec.Cmd) {}

func addUser(testing.TB, *janitor, string, Options) string { return "" }
