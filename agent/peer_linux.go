package agent

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// peerUID is the user of the process at the other end, as the kernel knows it: of
// the one that connected, or of the one that began to listen (unix(7),
// SO_PEERCRED).
func peerUID(conn *net.UnixConn) (uid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	var cred *unix.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		cred, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, asked); err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
