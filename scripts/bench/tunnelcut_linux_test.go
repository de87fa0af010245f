package bench

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

// BenchmarkTunnelReturn cuts the way to the host for some seconds, and tells how
// long after its return a connection through the tunnel works again: the median,
// and the longest. While it is cut, the way refuses or says nothing.
func BenchmarkTunnelReturn(b *testing.B) {
	fleetBinary(b)
	rounds := sized(4, 1)
	s, service := startSSHD(b), startService(b)
	w := startWay(b, s.port)
	// The link is given up within 2 s of silence, so that it has to come again.
	config := s.clientConfig(b, w.port(), "ServerAliveInterval 1", "ServerAliveCountMax 1")
	for b.Loop() {
		f := startFleet(b, s, config, service)
		for name, cut := range map[string]wayState{"refusing": wayRefuses, "silent": waySilent} {
			var took []float64
			for round := range rounds {
				cutFor(b, w, cut, 3*time.Second+time.Duration(round)*700*time.Millisecond)
				took = append(took, f.works(b).Seconds())
			}
			b.ReportMetric(middle(took), name+"-s")
			b.ReportMetric(took[len(took)-1], name+"-worst-s")
		}
	}
	b.ReportMetric(0, "ns/op")
}

func cutFor(b *testing.B, w *way, how wayState, long time.Duration) {
	b.Helper()
	if err := w.set(how); err != nil {
		b.Fatal(err)
	}
	time.Sleep(long)
	if err := w.set(wayOpen); err != nil {
		b.Fatal(err)
	}
}

// works is how long it takes from now until a connection works.
func (f *forwarder) works(b *testing.B) time.Duration {
	b.Helper()
	began := time.Now()
	for echoes(f.listen, patience) != nil {
		if time.Since(began) > patience {
			b.Fatal("the tunnel does not come back")
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

// How a way is.
type wayState int

const (
	wayOpen wayState = iota
	wayRefuses
	waySilent // connections are accepted, and nothing comes of them, not even later
)

// A way lies between a client and a server, and can be cut.
type way struct {
	addr, to string
	serving  sync.WaitGroup

	mu    sync.Mutex
	state wayState          // guarded by mu
	ln    net.Listener      // guarded by mu: nil while it refuses
	conns map[net.Conn]bool // guarded by mu: of both sides; false where nothing passes any more
}

// startWay starts a way that ends with the benchmark.
func startWay(b *testing.B, port int) *way {
	b.Helper()
	w := &way{addr: "127.0.0.1:0", to: fmt.Sprintf("127.0.0.1:%d", port), conns: map[net.Conn]bool{}}
	if err := w.listen(); err != nil {
		b.Fatal(err)
	}
	w.addr = w.ln.Addr().String()
	b.Cleanup(func() {
		if err := w.set(wayRefuses); err != nil {
			b.Error(err)
		}
		w.serving.Wait()
	})
	return w
}

func (w *way) port() int { return w.ln.Addr().(*net.TCPAddr).Port }

// listen accepts at the address of the way.
func (w *way) listen() error {
	ln, err := net.Listen("tcp", w.addr)
	if err != nil {
		return err
	}
	w.ln = ln
	w.serving.Go(func() { // ends with the listener
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			w.serving.Go(func() { w.carry(nc) })
		}
	})
	return nil
}

// set cuts the way, or opens it again. What was connected before does not come
// back.
func (w *way) set(to wayState) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = to
	for nc := range w.conns {
		w.conns[nc] = false
		if to != waySilent {
			_ = nc.Close()
			delete(w.conns, nc)
		}
	}
	if to == wayRefuses && w.ln != nil {
		_ = w.ln.Close()
		w.ln = nil
	}
	if to == wayOpen && w.ln == nil {
		return w.listen()
	}
	return nil
}

// carry is one connection.
func (w *way) carry(near net.Conn) {
	if !w.add(near) {
		return
	}
	far, err := net.Dial("tcp", w.to)
	if err != nil || !w.add(far) {
		_ = near.Close()
		return
	}
	w.serving.Go(func() { w.pass(far, near) })
	w.pass(near, far)
}

// add reports whether nc is open.
func (w *way) add(nc net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == wayRefuses {
		_ = nc.Close()
		return false
	}
	w.conns[nc] = w.state == wayOpen
	return w.conns[nc]
}

// pass ends with either connection, or when nothing passes any more: a silent one
// stays open.
func (w *way) pass(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		w.mu.Lock()
		passes := w.conns[from] && w.conns[to]
		w.mu.Unlock()
		if !passes {
			return
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}
