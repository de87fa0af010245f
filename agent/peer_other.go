//go:build !linux && !darwin && !freebsd && !windows

package agent

import (
	"errors"
	"net"
)

// peerUID: without an answer nobody is served.
func peerUID(*net.UnixConn) (uid int, err error) {
	return -1, errors.New("who is at the other end of a socket is not known on this system")
}
