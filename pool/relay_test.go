//go:build !windows

package pool_test

import (
	"net"
	"sync"
	"testing"

	"fleet/transport"
)

// A relay is the network between the pool and a server: it counts, and can go
// silent or be cut.
type relay struct {
	to string

	mu     sync.Mutex // guards what is below; no I/O while it is held
	conns  []*relayed
	silent chan struct{} // not nil while silent; closed at the end of silence
	turns  int           // how often the client spoke after the server did
	last   int           // the direction of the last bytes
	left   int           // bytes to the server before the link is cut; 0 is no limit
	room   int           // bytes to the client before the link ends; negative is no limit
	came   int           // bytes to the client
	spoils bool          // the next byte to the client is changed
	over   bool
}

// A relayed is one connection and the one that carries it on.
type relayed struct{ near, far net.Conn }

const (
	toServer = iota + 1
	toClient
)

// newRelay stands in front of target, and changes it to lead through.
func newRelay(t *testing.T, target *transport.Target) *relay {
	t.Helper()
	r := &relay{to: target.Addr(), room: -1}
	ln := listen(t)
	addr := ln.Addr().(*net.TCPAddr)
	// known_hosts has the server's own port.
	target.HostKey.Alias = "[" + target.Address + "]:" + itoa(target.Port)
	target.Address, target.Port = addr.IP.String(), addr.Port
	var work sync.WaitGroup
	work.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			work.Go(func() { r.carry(nc) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		r.end()
		work.Wait()
	})
	return r
}

func (r *relay) carry(near net.Conn) {
	far, err := net.Dial("tcp", r.to)
	if err != nil {
		_ = near.Close()
		return
	}
	c := &relayed{near, far}
	r.mu.Lock()
	if r.over {
		defer c.close()
	}
	r.conns = append(r.conns, c)
	r.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { r.copy(far, near, toServer) })
	both.Go(func() { r.copy(near, far, toClient) })
	both.Wait()
	c.close()
}

func (c *relayed) close() {
	_ = c.near.Close()
	_ = c.far.Close()
}

func (r *relay) copy(to, from net.Conn, direction int) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			wait, broken := r.passed(direction, n)
			if wait != nil {
				<-wait
			}
			if broken {
				r.cut()
				return
			}
			ends := false
			if direction == toClient {
				n, ends = r.received(buf[:n])
			}
			if _, werr := to.Write(buf[:n]); werr != nil {
				_ = from.Close()
				return
			}
			if ends {
				_ = to.(*net.TCPConn).CloseWrite()
				return
			}
		}
		if err != nil {
			_ = to.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

// passed counts, and returns what to wait for while silent and whether the link
// is to be cut.
func (r *relay) passed(direction, n int) (wait <-chan struct{}, broken bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if direction == toServer && r.last != toServer {
		r.turns++
	}
	r.last = direction
	if direction == toServer && r.left > 0 {
		r.left -= n
		broken = r.left <= 0
		r.left = max(0, r.left)
	}
	return r.silent, broken
}

// received changes what goes to the client, and returns how much of it does, and
// whether nothing comes after it.
func (r *relay) received(b []byte) (n int, ends bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.spoils {
		b[0] ^= 1
		r.spoils = false
	}
	n = len(b)
	if r.room >= 0 {
		n = min(n, r.room)
		if r.room -= n; r.room == 0 {
			r.room, ends = -1, true
		}
	}
	r.came += n
	return n, ends
}

// endAfter ends what comes from the server, on one connection, after so many bytes
// more.
func (r *relay) endAfter(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.room = n
}

// arrived is how many bytes came from the server.
func (r *relay) arrived() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.came
}

// spoil changes the next byte that comes from the server: no packet has the right
// sum then.
func (r *relay) spoil() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spoils = true
}

// cutAfter cuts the link when so many bytes more went to the server.
func (r *relay) cutAfter(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = n
}

// accepted is how many connections there have been.
func (r *relay) accepted() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// asked is how often the client spoke since the last call, each time after the
// server had: the round trips it took.
func (r *relay) asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.turns
	r.turns, r.last = 0, 0
	return n
}

// clientSpoke reports whether the client spoke last, as it does when a session ends.
func (r *relay) clientSpoke() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last == toServer
}

// cut ends all connections, as a reset does.
func (r *relay) cut() {
	r.mu.Lock()
	conns := append([]*relayed(nil), r.conns...)
	r.mu.Unlock()
	for _, c := range conns {
		_ = c.near.(*net.TCPConn).SetLinger(0)
		_ = c.far.(*net.TCPConn).SetLinger(0)
		c.close()
	}
}

// silence holds back all bytes from now on.
func (r *relay) silence() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = make(chan struct{})
}

// speak lets all bytes pass again.
func (r *relay) speak() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.silent != nil {
		close(r.silent)
		r.silent = nil
	}
}

func (r *relay) end() {
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	r.speak()
	r.cut()
}
