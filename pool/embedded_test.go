//go:build !windows

package pool_test

import (
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
	"fleet/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts an embedded server and returns the target for it.
func serve(t *testing.T, c sshd.Config) (*sshd.Server, transport.Target) {
	t.Helper()
	if len(c.AuthorizedKeys) == 0 && c.Password == "" && len(c.Questions) == 0 {
		c.NoAuth = true
	}
	if c.Home == "" {
		c.Home = t.TempDir()
	}
	s, err := sshd.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }() // ends with s.Close
	t.Cleanup(func() {
		_ = s.Close()
		<-served
	})
	return s, targetAt(ln.Addr())
}

func targetAt(addr net.Addr) transport.Target {
	tcp := addr.(*net.TCPAddr)
	return transport.Target{
		Name: "host", Address: tcp.IP.String(), Port: tcp.Port, User: "user",
		HostKey: transport.HostKey{Policy: transport.HostKeyOff},
		Link:    transport.Link{ConnectTimeout: 20 * time.Second},
	}
}

// newPool returns a pool that ends with the test.
func newPool(t *testing.T, cfg pool.Config) *pool.Pool {
	t.Helper()
	p := pool.New(cfg)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestPoolKeepsTheContractOnTheEmbeddedServer(t *testing.T) {
	_, target := serve(t, sshd.Config{})
	transporttest.Run(t, newPool(t, pool.Config{Linger: -1}), target, transporttest.Options{})
}
