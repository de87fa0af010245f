//go:build !windows

package tunnel_test

import (
	"net"
	"sync"
	"testing"

	"fleet/transport"
)

// A relay is the network between a link and its server: it can be cut, go silent,
// or turn away whoever comes.
type relay struct {
	to   string
	work sync.WaitGroup

	mu     sync.Mutex // guards what is below; no I/O while it is held
	conns  map[net.Conn]bool
	mode   relayMode
	spoken chan struct{} // closed when a silence ends
	made   int           // connections there have been
}

type relayMode int

const (
	relayOpen   relayMode = iota
	relayClosed           // connections are reset
	relaySilent           // nothing passes
)

// newRelay stands in front of target, and changes it to lead through.
func newRelay(t *testing.T, target *transport.Target) *relay {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{to: target.Addr(), conns: make(map[net.Conn]bool), spoken: make(chan struct{})}
	// known_hosts has the server's own port.
	_, port, _ := net.SplitHostPort(target.Addr())
	target.HostKey.Alias = "[" + target.Address + "]:" + port
	addr := ln.Addr().(*net.TCPAddr)
	target.Address, target.Port = addr.IP.String(), addr.Port
	r.work.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			r.work.Go(func() { r.carry(nc) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		r.set(relayClosed)
		r.work.Wait()
	})
	return r
}

// set changes the network, for the connections that exist too.
func (r *relay) set(mode relayMode) {
	r.mu.Lock()
	was := r.mode
	r.mode = mode
	if was == relaySilent && mode != relaySilent {
		close(r.spoken)
		r.spoken = make(chan struct{})
	}
	var cut []net.Conn
	if mode == relayClosed {
		for nc := range r.conns {
			cut = append(cut, nc)
		}
	}
	r.mu.Unlock()
	for _, nc := range cut {
		abandon(nc)
	}
}

// cut ends the connections there are; new ones are welcome.
func (r *relay) cut() {
	r.set(relayClosed)
	r.set(relayOpen)
}

func (r *relay) connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made
}

// hold returns the mode, and what to wait for where that is silence.
func (r *relay) hold() (relayMode, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mode, r.spoken
}

func (r *relay) carry(near net.Conn) {
	if !r.keep(near) {
		abandon(near)
		return
	}
	defer r.forget(near)
	if mode, spoken := r.hold(); mode == relaySilent {
		<-spoken
	}
	far, err := net.Dial("tcp", r.to)
	if err != nil {
		abandon(near)
		return
	}
	if !r.keep(far) {
		abandon(far)
		abandon(near)
		return
	}
	defer r.forget(far)
	var both sync.WaitGroup
	both.Go(func() { r.copy(far, near) })
	both.Go(func() { r.copy(near, far) })
	both.Wait()
}

func (r *relay) keep(nc net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made++
	if r.mode == relayClosed {
		return false
	}
	r.conns[nc] = true
	return true
}

func (r *relay) forget(nc net.Conn) {
	r.mu.Lock()
	delete(r.conns, nc)
	r.mu.Unlock()
	_ = nc.Close()
}

func (r *relay) copy(to, from net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if mode, spoken := r.hold(); mode == relaySilent {
			<-spoken
		}
		if n > 0 {
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

func abandon(nc net.Conn) {
	_ = nc.(*net.TCPConn).SetLinger(0)
	_ = nc.Close()
}

// open is how many connections there are now.
func (r *relay) open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}
