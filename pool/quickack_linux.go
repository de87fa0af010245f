package pool

import (
	"net"

	"golang.org/x/sys/unix"
)

// quickAck returns a function that makes the kernel acknowledge what it has
// received at once. During the handshake client and server take turns with
// small packets; sshd has Nagle's algorithm on and waits for each
// acknowledgement, which Linux otherwise delays by 40 ms. The kernel clears
// the flag by itself, so it is set after every read.
func quickAck(nc net.Conn) func() {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	set := func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	}
	return func() { _ = raw.Control(set) }
}
