package bench

import (
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"fleet/internal/sshd"
)

// startFar starts a way to the port of a server on which each byte takes half of
// roundTrip in each direction, and returns the way's own port. It ends with the
// benchmark. It bounds no rate: what bounds one are the windows of ssh and of
// what is above it, as on a fast line to a distant place.
func startFar(b *testing.B, port int, roundTrip time.Duration) int {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	far := sshd.Delay(ln, roundTrip/2)
	var serving sync.WaitGroup
	serving.Go(func() { // ends with the listener
		for {
			near, err := far.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { join(near, port) })
		}
	})
	b.Cleanup(func() {
		_ = ln.Close()
		serving.Wait()
	})
	return ln.Addr().(*net.TCPAddr).Port
}

// join carries one connection until either side ends it.
func join(near net.Conn, port int) {
	defer near.Close()
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return
	}
	var there sync.WaitGroup
	there.Go(func() {
		carryTo(server, near)
		_ = server.Close()
	})
	carryTo(near, server)
	_ = near.Close()
	there.Wait()
}

func carryTo(to io.Writer, from io.Reader) {
	// The types are hidden, so that the buffer is what is used.
	_, _ = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, chunk))
}
