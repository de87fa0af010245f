//go:build darwin || freebsd

package agent

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// As in sys/un.h of both systems.
const (
	solLocal      = 0
	localPeerCred = 1
)

// peerUID is the user of the process at the other end, as the kernel knows it: of
// the one that connected, or of the one that began to listen (unix(4),
// LOCAL_PEERCRED).
func peerUID(conn *net.UnixConn) (uid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	var cred *unix.Xucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		cred, asked = unix.GetsockoptXucred(int(fd), solLocal, localPeerCred)
	})
	if err = errors.Join(err, asked); err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
