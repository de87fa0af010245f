package pool

import (
	"net"

	"golang.org/x/sys/unix"
)

// quickAck returns a function that makes the kernel acknowledge what it has
// received at once. sshd has Nagle's algorithm on, and after the login it sends
// two small packets in a row: the second waits for the acknowledgement of the
// first, which Linux otherwise delays by 40 ms. The kernel clears the flag by
// itself, so it is set after every read. Before the login client and server take
// turns, and an answer carries the acknowledgement.
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
