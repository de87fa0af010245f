//go:build !windows

package tunnel_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleet/internal/forward"
	"fleet/internal/sshd"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// servers are those that the tests of links run on.
var servers = []struct {
	name  string
	serve func(t *testing.T) transport.Target
}{
	{"embedded", func(t *testing.T) transport.Target { return serve(t, sshd.Config{}) }},
	{"sshd", func(t *testing.T) transport.Target { return serveReal(t) }},
}

func TestALinkThatIsCutComesBack(t *testing.T) {
	for _, server := range servers {
		for name, mode := range map[string]relayMode{"refused": relayClosed, "silent": relaySilent} {
			t.Run(server.name+" "+name, func(t *testing.T) {
				t.Parallel()
				target := server.serve(t)
				r := newRelay(t, &target)
				s := up(t, target, tunnel.Wait, tcpService(t, echo).local())
				before := connectTo(t, s, 0)
				says(t, before, "one")

				r.set(mode)
				eventually(t, "down", func() bool { return stateOf(s) == tunnel.StateDown })
				_ = before.SetReadDeadline(time.Now().Add(patience))
				if n, err := before.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("a connection over a lost link ended with %d bytes and %v, want a reset", n, err)
				}
				waiting := connectTo(t, s, 0)
				if _, err := io.WriteString(waiting, "early "); err != nil {
					t.Fatal(err)
				}

				r.set(relayOpen)
				back := time.Now()
				if err := s.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				t.Logf("ready again after %s", time.Since(back))
				got := make([]byte, len("early "))
				_ = waiting.SetReadDeadline(time.Now().Add(patience))
				if _, err := io.ReadFull(waiting, got); err != nil || string(got) != "early " {
					t.Fatalf("what was sent while the link was away came back as %q, %v", got, err)
				}
				says(t, waiting, "late")
				says(t, connectTo(t, s, 0), "new")
				if err := s.Status()[0].LastError; err != nil {
					t.Errorf("the connection that ended with its link is told of by itself: %v", err)
				}
			})
		}
	}
}

// A client that reads until the end has to know the half of a reply from a whole one.
func TestAReplyIsNotCutShortWithoutASign(t *testing.T) {
	const half = "half of the reply"
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			target := server.serve(t)
			r := newRelay(t, &target)
			s := up(t, target, tunnel.Wait, tcpService(t, func(nc net.Conn) {
				_, _ = io.WriteString(nc, half)
				_, _ = io.Copy(io.Discard, nc)
			}).local())
			clients := make([]net.Conn, 20)
			for i := range clients {
				clients[i] = connectTo(t, s, 0)
				_ = clients[i].SetReadDeadline(time.Now().Add(patience))
				if _, err := io.ReadFull(clients[i], make([]byte, len(half))); err != nil {
					t.Fatal(err)
				}
			}
			r.cut()
			for _, c := range clients {
				if n, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("got %d bytes and %v, want a reset", n, err)
				}
			}
		})
	}
}

func TestAConnectionIsRefusedWhileTheLinkIsAway(t *testing.T) {
	target := serve(t, sshd.Config{})
	r := newRelay(t, &target)
	s := up(t, target, tunnel.Refuse, tcpService(t, echo).local())
	r.set(relayClosed)
	eventually(t, "down", func() bool { return stateOf(s) == tunnel.StateDown })
	at := s.Status()[0].Listen
	nc, err := net.Dial(at.Network, at.Address)
	if err == nil { // else it was reset at once
		defer nc.Close()
		_ = nc.SetReadDeadline(time.Now().Add(patience))
		_, err = nc.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
	if err := s.Status()[0].LastError; err == nil || strings.Contains(err.Error(), "host:") {
		t.Errorf("of the refused connection it is told %v, want words without the host's name", err)
	}
	r.set(relayOpen)
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, connectTo(t, s, 0), "hello")
}

func TestARemoteForwardComesBackOnItsPort(t *testing.T) {
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			target := server.serve(t)
			r := newRelay(t, &target)
			rule := tcpService(t, echo).remote()
			rule.Listen = forward.TCP("localhost", 0)
			s := up(t, target, tunnel.Wait, rule)
			says(t, connectTo(t, s, 0), "one")
			port := s.Status()[0].Listen.Port()
			r.cut()
			eventually(t, "down", func() bool { return stateOf(s) == tunnel.StateDown || r.connections() > 2 })
			if err := s.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := s.Status()[0].Listen.Port(); got != port {
				t.Errorf("listens on %d, want %d as before", got, port)
			}
			says(t, connectTo(t, s, 0), "two")
		})
	}
}

func TestARemotePortThatSomebodyTookIsReportedAndRetried(t *testing.T) {
	target := serveReal(t)
	r := newRelay(t, &target)
	s := up(t, target, tunnel.Wait, tcpService(t, echo).remote())
	at := s.Status()[0].Listen
	r.set(relayClosed)
	eventually(t, "down", func() bool { return stateOf(s) == tunnel.StateDown })
	var thief net.Listener
	eventually(t, "let go by sshd", func() bool {
		var err error
		thief, err = net.Listen(at.Network, at.Address)
		return err == nil
	})
	defer thief.Close()
	r.set(relayOpen)
	eventually(t, "refused by the host", func() bool {
		st := s.Status()[0]
		return st.State == tunnel.StateDown && transport.KindOf(st.Err) == transport.KindRefused
	})
	_ = thief.Close()
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, connectTo(t, s, 0), "mine again")
}

func TestARemoteSocketOfOursIsReplacedAfterAReconnect(t *testing.T) {
	target := serveReal(t)
	r := newRelay(t, &target)
	rule := tcpService(t, echo).remote()
	rule.Listen.Network, rule.Listen.Address = "unix", t.TempDir()+"/s"
	s := up(t, target, tunnel.Wait, rule)
	says(t, connectTo(t, s, 0), "one")
	r.set(relayClosed)
	eventually(t, "down", func() bool { return stateOf(s) == tunnel.StateDown })
	r.set(relayOpen)
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, connectTo(t, s, 0), "two")
}

func TestARemoteSocketGoesWithTheSet(t *testing.T) {
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			rule := tcpService(t, echo).remote()
			rule.Listen = forward.Unix(t.TempDir() + "/s")
			s := up(t, server.serve(t), tunnel.Wait, rule)
			says(t, connectTo(t, s, 0), "hello")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "removed on the host", func() bool {
				_, err := os.Lstat(rule.Listen.Address)
				return errors.Is(err, os.ErrNotExist)
			})
		})
	}
}
