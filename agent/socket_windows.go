package agent

import (
	"context"
	"errors"
	"net"
)

// errNoAgent: what this package trusts, the owner of a folder and of a process at
// the other end of a socket, is not to be had there.
var errNoAgent = errors.New("the agent is not available on Windows")

func listen(string) (net.Listener, error) { return nil, errNoAgent }

func passed(func(string) string) (net.Listener, error) { return nil, nil }

func checkSocket(string) error { return errors.Join(ErrNotRunning, errNoAgent) }

func dialSocket(context.Context, string) (*net.UnixConn, error) {
	return nil, errors.Join(ErrNotRunning, errNoAgent)
}

// Harden is for other systems.
func Harden() error { return nil }
