//go:build !windows

package tunnel_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"fleet/internal/forward"
	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/internal/sshd/sshdtest"
	"fleet/pool"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// serve starts an embedded server and returns the target for it.
func serve(t testing.TB, c sshd.Config) transport.Target {
	t.Helper()
	_, addr := sshdtest.Start(t, c)
	return transport.Target{
		Name: "host", Address: addr.IP.String(), Port: addr.Port, User: "user",
		HostKey: transport.HostKey{Policy: transport.HostKeyOff},
		Link:    transport.LinkOptions{ConnectTimeout: patience, Keepalive: 200 * time.Millisecond},
	}
}

// serveReal starts a real sshd.
func serveReal(t testing.TB, config ...string) transport.Target {
	t.Helper()
	s := opensshd.Start(t, opensshd.Options{Config: append([]string{"SetEnv HOME=" + t.TempDir()}, config...)})
	return transport.Target{
		Name: "host", Address: s.Host, Port: s.Port, User: s.User,
		Login:   transport.Login{Identities: []string{s.Identity}, Explicit: true, IdentitiesOnly: true},
		HostKey: transport.HostKey{Files: []string{s.KnownHosts}},
		Link:    transport.LinkOptions{ConnectTimeout: patience, Keepalive: 200 * time.Millisecond},
	}
}

// newPool returns a pool that ends with the test.
func newPool(t testing.TB) *pool.Pool {
	t.Helper()
	p := pool.New(pool.Config{})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// up opens forwards on target and waits until they are ready.
func up(t *testing.T, target transport.Target, onDown tunnel.OnDown, rules ...forward.Rule) *tunnel.Set {
	t.Helper()
	s := open(t, tunnel.Config{Transport: newPool(t)}, tunnel.Spec{Target: target, OnDown: onDown, Rules: rules})
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// A service answers connections by a function, which owns them until it returns.
type service struct {
	net.Listener
	work sync.WaitGroup
}

// serviceAt listens on network and addr and serves until the test ends.
func serviceAt(t testing.TB, network, addr string, answer func(net.Conn)) *service {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{Listener: ln}
	var mu sync.Mutex
	open := make(map[net.Conn]bool)
	s.work.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[nc] = true
			mu.Unlock()
			s.work.Go(func() {
				answer(nc)
				_ = nc.Close()
				mu.Lock()
				delete(open, nc)
				mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for nc := range open {
			_ = nc.Close()
		}
		mu.Unlock()
		s.work.Wait()
	})
	return s
}

func echo(nc net.Conn) {
	_, _ = io.Copy(nc, nc)
}

func tcpService(t testing.TB, answer func(net.Conn)) *service {
	return serviceAt(t, "tcp", "127.0.0.1:0", answer)
}

// endpoint is where the service listens.
func (s *service) endpoint() forward.Endpoint {
	if a, ok := s.Addr().(*net.TCPAddr); ok {
		return forward.TCP(a.IP.String(), a.Port)
	}
	return forward.Unix(s.Addr().String())
}

// local is a forward from any port here to the service.
func (s *service) local() forward.Rule {
	return forward.Rule{Kind: forward.Local, Listen: forward.TCP("127.0.0.1", 0), To: s.endpoint()}
}

// remote is a forward from any port of the host to the service.
func (s *service) remote() forward.Rule {
	return forward.Rule{Kind: forward.Remote, Listen: forward.TCP("127.0.0.1", 0), To: s.endpoint()}
}

// eventually polls until ok, for what gives no event.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("after %s: not %s", patience, what)
		}
	}
}

// dynamics are SOCKS on any port, here and on the host.
func dynamics() []forward.Rule {
	return []forward.Rule{
		{Kind: forward.Dynamic, Listen: forward.TCP("127.0.0.1", 0)},
		{Kind: forward.RemoteDynamic, Listen: forward.TCP("127.0.0.1", 0)},
	}
}
