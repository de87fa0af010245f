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
	turns  int           // how often the direction changed
	last   int           // the direction of the last bytes
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
	r := &relay{to: target.Addr()}
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
			if wait := r.passed(direction); wait != nil {
				<-wait
			}
			if _, werr := to.Write(buf[:n]); werr != nil {
				_ = from.Close()
				return
			}
		}
		if err != nil {
			_ = to.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

// passed counts, and returns what to wait for while silent.
func (r *relay) passed(direction int) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if direction != r.last {
		r.last = direction
		r.turns++
	}
	return r.silent
}

// accepted is how many connections there have been.
func (r *relay) accepted() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// roundTrips is how many there were since the last call: times that the client
// spoke and the server answered.
func (r *relay) roundTrips() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := (r.turns + 1) / 2
	r.turns, r.last = 0, 0
	return n
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

func (r *relay) end() {
	r.mu.Lock()
	r.over = true
	if r.silent != nil {
		close(r.silent)
		r.silent = nil
	}
	r.mu.Unlock()
	r.cut()
}
