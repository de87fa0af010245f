package sshd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// ErrClosed is the answer of Serve to a listener that comes after Close.
var ErrClosed = errors.New("sshd: server closed")

// A Server answers SSH clients. Make one with New.
type Server struct {
	conf    Config
	healthy *ssh.ServerConfig // shared by all connections without faults in their login
	ctx     context.Context   // ends with Close
	cancel  context.CancelFunc
	wg      sync.WaitGroup // every goroutine of the server
	faults  atomic.Pointer[Faults]
	gate    atomic.Pointer[gate] // not nil while frozen
	stats   stats
	buffers buffers
	written atomic.Int64 // bytes of file content since SetFaults, where a fault counts them

	mu        sync.Mutex // guards what is below; no I/O while it is held
	closed    bool
	listeners map[net.Listener]struct{}
	links     map[*link]struct{}
	pending   int // connections that have not logged in yet
}

// New makes a server. It listens to nothing before Serve.
func New(conf Config) (*Server, error) {
	own := conf.Children == nil
	conf, err := conf.withDefaults()
	if err != nil {
		return nil, err
	}
	if own {
		conf.Children = NewChildren()
		conf.Children.private = true
	}
	s := &Server{
		conf:      conf,
		listeners: make(map[net.Listener]struct{}),
		links:     make(map[*link]struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.healthy = s.serverConfig(false, s.hostKeys())
	if err := s.SetFaults(conf.Faults); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) hostKeys() []ssh.Signer {
	keys := make([]ssh.Signer, 0, len(s.conf.HostKeys)+len(s.conf.HostCertificates))
	return append(append(keys, s.conf.HostKeys...), s.conf.HostCertificates...)
}

// HostKey is the first of the server's public keys.
func (s *Server) HostKey() ssh.PublicKey { return s.conf.HostKeys[0].PublicKey() }

// Faults are those in force.
func (s *Server) Faults() Faults { return *s.faults.Load() }

// SetFaults puts f in force, in place of what was.
func (s *Server) SetFaults(f Faults) error {
	if err := f.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.Store(&f)
	s.written.Store(0)
	switch g := s.gate.Load(); {
	case f.Freeze && g == nil:
		s.gate.Store(&gate{open: make(chan struct{})})
	case !f.Freeze && g != nil:
		s.gate.Store(nil)
		close(g.open)
	}
	return nil
}

// Serve answers what connects to l, until Close, and then returns nil. It
// closes l. Any number of listeners can be served at a time.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
	}()
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			s.admit(nc)
		case s.ctx.Err() != nil:
			return nil
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ECONNABORTED):
			// Out of descriptors for now; connections that end free some.
			s.conf.Logger.Warn("accept", "error", err)
			s.sleep(10 * time.Millisecond)
		default:
			return fmt.Errorf("sshd: accept: %w", err)
		}
	}
}

// admit decides on one connection and starts its goroutine. It never waits for
// the client.
func (s *Server) admit(nc net.Conn) {
	s.stats.accepted.Add(1)
	f := s.faults.Load()
	if f.Refuse {
		reset(nc)
		return
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		_ = nc.Close()
		return
	}
	if f.MaxStartups.drops(s.pending, rand.IntN(100)) {
		s.mu.Unlock()
		s.stats.dropped.Add(1)
		_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = nc.Write([]byte("Exceeded MaxStartups\r\n"))
		_ = nc.Close()
		return
	}
	if f.Latency > 0 {
		nc = DelayConn(nc, f.Latency)
	}
	l := newLink(nc, s, f)
	s.links[l] = struct{}{}
	s.pending++
	s.stats.pending(s.pending)
	s.wg.Add(1)
	s.mu.Unlock()
	go s.handle(l, f) // ends with the connection
}

func (s *Server) handle(l *link, f *Faults) {
	defer s.wg.Done()
	defer func() {
		_ = l.Close()
		s.mu.Lock()
		delete(s.links, l)
		s.mu.Unlock()
	}()
	if f.DropAfter > 0 {
		defer time.AfterFunc(f.DropAfter, func() { _ = l.Close() }).Stop()
	}
	c, err := s.login(l, f)
	s.mu.Lock()
	s.pending--
	s.mu.Unlock()
	if err != nil {
		s.conf.Logger.Debug("no login", "remote", l.RemoteAddr().String(), "error", err)
		return
	}
	s.stats.open.Add(1)
	defer s.stats.open.Add(-1)
	s.conf.Logger.Debug("login", "remote", l.RemoteAddr().String(), "user", c.ssh.User())
	c.serve()
	s.conf.Logger.Debug("connection ended", "remote", l.RemoteAddr().String(), "user", c.ssh.User())
}

// login brings a connection to where channels can be opened, or to its end.
func (s *Server) login(l *link, f *Faults) (*conn, error) {
	if s.conf.LoginGrace > 0 && !f.Mute {
		defer time.AfterFunc(s.conf.LoginGrace, func() { _ = l.Close() }).Stop()
	}
	switch {
	case f.Mute:
		return nil, l.drain()
	case f.Garbage != "":
		_, err := l.Write([]byte(f.Garbage))
		return nil, errors.Join(errors.New("fault: garbage"), err)
	case f.BannerDelay > 0:
		l.sleep(f.BannerDelay)
	}
	conf := s.healthy
	if f.RefuseAuth || f.HostKey != nil || f.SilentAuth {
		keys := s.hostKeys()
		if f.HostKey != nil {
			keys = []ssh.Signer{f.HostKey}
		}
		conf = s.serverConfig(f.RefuseAuth, keys)
		if f.SilentAuth {
			conf.PreAuthConnCallback = func(ssh.ServerPreAuthConn) { <-l.done }
		}
	}
	sc, channels, requests, err := ssh.NewServerConn(l, conf)
	if err != nil {
		return nil, err
	}
	c := &conn{srv: s, link: l, ssh: sc, channels: channels, requests: requests}
	c.outputLeft.Store(f.DropOutput)
	c.cutsOutput = f.DropOutput > 0
	return c, nil
}

// Drop cuts every connection that is open now and returns how many there were.
// The commands that ran on them live on.
func (s *Server) Drop() int {
	links := s.openLinks()
	for _, l := range links {
		_ = l.Close()
	}
	return len(links)
}

func (s *Server) openLinks() []*link {
	s.mu.Lock()
	defer s.mu.Unlock()
	links := make([]*link, 0, len(s.links))
	for l := range s.links {
		links = append(links, l)
	}
	return links
}

// Close ends the listeners, the connections, and every process that commands
// started, and returns when the last goroutine has ended. An error means that
// a process is left. A second call does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	listeners := make([]net.Listener, 0, len(s.listeners))
	for l := range s.listeners {
		listeners = append(listeners, l)
	}
	s.mu.Unlock()
	s.cancel()
	for _, l := range listeners {
		_ = l.Close()
	}
	s.Drop()
	s.conf.Children.killOf(s)
	s.wg.Wait()
	if !s.conf.Children.private {
		return nil
	}
	return s.conf.Children.Kill()
}

// Processes are the ids of the processes alive now that commands started, and
// all that these started; see Children.
func (s *Server) Processes() []int { return s.conf.Children.Alive() }

// sleep waits for d, or for Close.
func (s *Server) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.ctx.Done():
	}
}

func (s *Server) logger(l *link) *slog.Logger {
	return s.conf.Logger.With("remote", l.RemoteAddr().String())
}

// reset closes nc in the way the other side sees as "connection reset".
func reset(nc net.Conn) {
	if l, ok := nc.(interface{ SetLinger(int) error }); ok {
		_ = l.SetLinger(0)
	}
	_ = nc.Close()
}
