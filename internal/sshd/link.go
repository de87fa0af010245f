package sshd

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A gate holds back bytes while the server is frozen.
type gate struct{ open chan struct{} }

// A link is the network side of a connection, with the faults that work on
// bytes.
type link struct {
	net.Conn
	srv  *Server
	done chan struct{} // closed when the link was closed or nothing more can be read
	end  sync.Once     // closes done
	// left is how many bytes may still be sent, where limited is set.
	left    atomic.Int64
	limited bool
}

func newLink(nc net.Conn, s *Server, f *Faults) *link {
	l := &link{Conn: nc, srv: s, done: make(chan struct{}), limited: f.DropBytes > 0}
	l.left.Store(f.DropBytes)
	return l
}

func (l *link) finish() { l.end.Do(func() { close(l.done) }) }

func (l *link) Close() error {
	l.finish()
	return l.Conn.Close()
}

func (l *link) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if !l.pass() {
		return 0, net.ErrClosed
	}
	if err != nil {
		l.finish()
	}
	return n, err
}

func (l *link) Write(p []byte) (int, error) {
	if !l.pass() {
		return 0, net.ErrClosed
	}
	if !l.limited {
		return l.Conn.Write(p)
	}
	left := l.left.Add(-int64(len(p)))
	if left >= 0 {
		return l.Conn.Write(p)
	}
	n, _ := l.Conn.Write(p[:max(0, int64(len(p))+left)])
	_ = l.Close()
	return n, net.ErrClosed
}

// pass waits while the server is frozen, and reports whether the link is
// still of use.
func (l *link) pass() bool {
	for {
		g := l.srv.gate.Load()
		if g == nil {
			return true
		}
		select {
		case <-g.open:
		case <-l.done:
			return false
		}
	}
}

// sleep waits for d, or for the end of the link.
func (l *link) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.done:
	}
}

// drain reads and forgets until the client, or the server, gives up.
func (l *link) drain() error {
	var buf [256]byte
	for {
		if _, err := l.Read(buf[:]); err != nil {
			return err
		}
	}
}
