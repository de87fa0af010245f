//go:build !windows

package tunnel_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fleet/internal/forward"
	"fleet/internal/sshd"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// deadAddress is one where nobody listens.
func deadAddress(t *testing.T) forward.Endpoint {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return forward.TCP("127.0.0.1", ln.Addr().(*net.TCPAddr).Port)
}

func TestATargetThatRefusesClosesTheConnection(t *testing.T) {
	dead := deadAddress(t)
	for _, kind := range []forward.Kind{forward.Local, forward.Remote} {
		t.Run(kind.String(), func(t *testing.T) {
			s := up(t, serve(t, sshd.Config{}), tunnel.Wait, forward.Rule{Kind: kind, Listen: forward.TCP("127.0.0.1", 0), To: dead})
			nc := connectTo(t, s, 0)
			_ = nc.SetReadDeadline(time.Now().Add(patience))
			if got, err := io.ReadAll(nc); err != nil || len(got) > 0 {
				t.Errorf("got %q, %v; want an end", got, err)
			}
			eventually(t, "told of", func() bool {
				st := s.Status()[0]
				return st.LastError != nil && strings.Contains(strings.ToLower(st.LastError.Error()), "refused") && st.Open == 0 && st.Total == 1
			})
			if got := stateOf(s); got != tunnel.StateReady {
				t.Errorf("got state %s", got)
			}
		})
	}
}

func TestWhyConnectionsFailIsToldOnce(t *testing.T) {
	complaints := make(chan tunnel.Status, 3)
	s := open(t, tunnel.Config{Transport: newPool(t), Complaint: func(s tunnel.Status) { complaints <- s }}, tunnel.Spec{
		Target: serve(t, sshd.Config{}),
		Rules:  []forward.Rule{{Kind: forward.Local, Listen: forward.TCP("127.0.0.1", 0), To: deadAddress(t)}},
	})
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		nc := connectTo(t, s, 0)
		_ = nc.SetReadDeadline(time.Now().Add(patience))
		if _, err := nc.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
	if got := <-complaints; got.LastError == nil || len(complaints) > 0 {
		t.Errorf("got %v, and %d more", got.LastError, len(complaints))
	}
}

func TestHalfClosesPassBothWays(t *testing.T) {
	question, answer := strings.Repeat("question ", 40_000), strings.Repeat("answer ", 40_000)
	// It answers when it has seen the end of the question.
	patient := func(nc net.Conn) {
		got, err := io.ReadAll(nc)
		if err == nil && string(got) == question {
			_, _ = io.WriteString(nc, answer)
		}
	}
	// It says all it has to say, and then listens.
	hasty := func(nc net.Conn) {
		_, _ = io.WriteString(nc, answer)
		_ = nc.(interface{ CloseWrite() error }).CloseWrite()
		got, _ := io.ReadAll(nc)
		if string(got) != question {
			t.Errorf("%d bytes came after the half-close, want %d", len(got), len(question))
		}
	}
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			target := server.serve(t)
			socket := serviceAt(t, "unix", filepath.Join(t.TempDir(), "s"), patient)
			onHost := socket.local()
			onHost.Listen = forward.Unix(filepath.Join(t.TempDir(), "s"))
			first, second := tcpService(t, patient), tcpService(t, hasty)
			v6 := first.local()
			v6.Listen = forward.TCP("::1", 0)
			s := up(t, target, tunnel.Wait, first.local(), second.local(), first.remote(), second.remote(), onHost, v6)
			for i := range s.Status() {
				nc := connectTo(t, s, i)
				_ = nc.SetDeadline(time.Now().Add(patience))
				if i == 1 || i == 3 {
					got, err := io.ReadAll(nc)
					if err != nil || string(got) != answer {
						t.Errorf("%d: got %d bytes, %v", i, len(got), err)
					}
					if _, err := io.WriteString(nc, question); err != nil {
						t.Error(err)
					}
					_ = nc.Close()
					continue
				}
				if _, err := io.WriteString(nc, question); err != nil {
					t.Fatal(err)
				}
				_ = nc.(interface{ CloseWrite() error }).CloseWrite()
				got, err := io.ReadAll(nc)
				if err != nil || string(got) != answer {
					t.Errorf("%d: got %d bytes, %v", i, len(got), err)
				}
			}
			eventually(t, "closed and counted", func() bool {
				for _, st := range s.Status() {
					question, answer := int64(len(question)), int64(len(answer))
					if !st.Rule.Kind.ListensHere() {
						question, answer = answer, question
					}
					if st.Open != 0 || st.Total != 1 || st.Sent != question || st.Received != answer {
						return false
					}
				}
				return true
			})
		})
	}
}

func TestATargetThatLeavesItsClientIsNothingToTellOf(t *testing.T) {
	hasty := tcpService(t, func(nc net.Conn) { _, _ = io.ReadFull(nc, make([]byte, 1)) })
	s := up(t, serveReal(t), tunnel.Wait, hasty.local())
	nc := connectTo(t, s, 0)
	_ = nc.SetDeadline(time.Now().Add(patience))
	for chunk := make([]byte, 64<<10); ; {
		if _, err := nc.Write(chunk); err != nil {
			break
		}
	}
	eventually(t, "let go", func() bool { return s.Status()[0].Open == 0 })
	if err := s.Status()[0].LastError; err != nil {
		t.Errorf("it is told of: %v", err)
	}
}

func TestOnlySoManyWaitForTheLink(t *testing.T) {
	n := &network{err: unreachable()}
	f := &fakeTransport{connect: n.connect}
	s := open(t, tunnel.Config{Transport: f, Retry: true}, spec(t, forward.Local, "0:localhost:80"))
	for range tunnel.WaitingMax {
		connectTo(t, s, 0)
	}
	eventually(t, "accepted", func() bool { return s.Status()[0].Open == tunnel.WaitingMax })
	if err := s.Status()[0].LastError; err != nil {
		t.Fatalf("refused too early: %v", err)
	}
	at := s.Status()[0].Listen
	nc, err := net.Dial(at.Network, at.Address)
	if err == nil { // else it was reset at once
		defer nc.Close()
		_ = nc.SetReadDeadline(time.Now().Add(patience))
		_, err = nc.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("one too many got %v, want a reset", err)
	}
	saysAll(t, s.Status()[0].LastError, "wait for the host")
	if open := s.Status()[0].Open; open < tunnel.WaitingMax {
		t.Errorf("%d wait, want %d", open, tunnel.WaitingMax)
	}
}

func TestAMuteTargetHoldsUpNobodyElse(t *testing.T) {
	mute := tcpService(t, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) })
	talking := tcpService(t, echo)
	s := up(t, serve(t, sshd.Config{}), tunnel.Wait, mute.local(), talking.local())
	waiting := connectTo(t, s, 0)
	if _, err := io.WriteString(waiting, "anybody?"); err != nil {
		t.Fatal(err)
	}
	says(t, connectTo(t, s, 1), "hello")
	_ = waiting.Close()
	eventually(t, "let go", func() bool { return s.Status()[0].Open == 0 })
}

func TestAClientThatGivesUpWhileItWaitsIsLetGo(t *testing.T) {
	f := &fakeTransport{connect: (&network{err: unreachable()}).connect}
	s := open(t, tunnel.Config{Transport: f, Retry: true}, spec(t, forward.Local, "0:localhost:80"))
	nc := connectTo(t, s, 0)
	if _, err := io.WriteString(nc, "hello"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "accepted", func() bool { return s.Status()[0].Open == 1 })
	abandon(nc)
	eventually(t, "let go", func() bool { return s.Status()[0].Open == 0 })
}

func TestAStalledReaderTakesLittleMemoryAndStopsTheSender(t *testing.T) {
	var mu sync.Mutex
	written := 0
	flood := tcpService(t, func(nc net.Conn) {
		chunk := make([]byte, 64<<10)
		for {
			n, err := nc.Write(chunk)
			mu.Lock()
			written += n
			mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	s := up(t, serve(t, sshd.Config{}), tunnel.Wait, flood.local(), tcpService(t, echo).local())
	before := heap()
	stalled := connectTo(t, s, 0)
	last := -1
	stable := 0
	eventually(t, "stopped", func() bool {
		mu.Lock()
		defer mu.Unlock()
		if written == last && written > 0 {
			stable++
		} else {
			stable = 0
		}
		last = written
		return stable > 100
	})
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("the heap has grown by %d KB, after %d KB were sent", grown>>10, last>>10)
	}
	says(t, connectTo(t, s, 1), "not held up")
	_ = stalled.Close()
	eventually(t, "let go", func() bool { return s.Status()[0].Open == 0 })
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAResetIsPassedOn(t *testing.T) {
	s := up(t, serve(t, sshd.Config{}), tunnel.Wait, tcpService(t, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }).local())
	nc := connectTo(t, s, 0)
	if _, err := io.WriteString(nc, "x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "carried", func() bool { return s.Status()[0].Sent == 1 })
	abandon(nc)
	eventually(t, "let go", func() bool { return s.Status()[0].Open == 0 })
}

func TestTenThousandConnectionsLeaveNothing(t *testing.T) {
	const total, together = 10_000, 8
	service := tcpService(t, echo)
	s := up(t, serve(t, sshd.Config{}), tunnel.Wait, service.local(), service.remote())
	shake := func(i int) error {
		at := s.Status()[i%2].Listen
		nc, err := net.Dial(at.Network, at.Address)
		if err != nil {
			return err
		}
		defer nc.Close()
		_ = nc.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(nc, "hello"); err != nil {
			return err
		}
		_ = nc.(*net.TCPConn).CloseWrite()
		got, err := io.ReadAll(nc)
		if err == nil && string(got) != "hello" {
			err = errors.New("got " + string(got))
		}
		return err
	}
	for i := range 2 {
		if err := shake(i); err != nil {
			t.Fatal(err)
		}
	}
	idle := func() bool { return s.Status()[0].Open+s.Status()[1].Open == 0 }
	eventually(t, "idle", idle)
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	var work sync.WaitGroup
	for range together {
		work.Go(func() {
			for i := range total / together {
				if err := shake(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	eventually(t, "idle", idle)
	eventually(t, "down to the goroutines and descriptors of before", func() bool {
		return runtime.NumGoroutine() <= goroutines && descriptors(t) <= files
	})
	if st := s.Status(); st[0].Total+st[1].Total != total+2 {
		t.Errorf("counted %d and %d", st[0].Total, st[1].Total)
	}
}

func descriptors(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestAConnectionGoesWhereThePermitsAllow(t *testing.T) {
	service := tcpService(t, echo)
	permit, err := forward.ParsePermit("127.0.0.1:" + portOf(service))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := tcpService(t, echo)
	for _, kind := range []forward.Kind{forward.Dynamic, forward.RemoteDynamic} {
		t.Run(kind.String(), func(t *testing.T) {
			s := up(t, serve(t, sshd.Config{}), tunnel.Wait, forward.Rule{Kind: kind, Listen: forward.TCP("127.0.0.1", 0), Permit: forward.Permits{permit}})
			nc := connectTo(t, s, 0)
			if code := socks(t, nc, service.endpoint()); code != 0 {
				t.Fatalf("got code %d", code)
			}
			says(t, nc, "hello")
			if code := socks(t, connectTo(t, s, 0), elsewhere.endpoint()); code != 2 {
				t.Errorf("got code %d for a target that is not permitted, want 2", code)
			}
		})
	}
}

func TestSOCKSTellsThatTheTargetRefuses(t *testing.T) {
	dead := deadAddress(t)
	for _, kind := range []forward.Kind{forward.Dynamic, forward.RemoteDynamic} {
		s := up(t, serve(t, sshd.Config{}), tunnel.Wait, forward.Rule{Kind: kind, Listen: forward.TCP("127.0.0.1", 0)})
		if code := socks(t, connectTo(t, s, 0), dead); code != 5 {
			t.Errorf("%s: got code %d, want 5", kind, code)
		}
	}
}

// socks asks for a connection by SOCKS5 and returns the code of the answer.
func socks(t *testing.T, nc net.Conn, to forward.Endpoint) byte {
	t.Helper()
	_ = nc.SetDeadline(time.Now().Add(patience))
	ask := []byte{5, 1, 0, 5, 1, 0, 3, byte(len(to.Host()))}
	ask = append(ask, to.Host()...)
	ask = append(ask, byte(to.Port()>>8), byte(to.Port()))
	if _, err := nc.Write(ask); err != nil {
		t.Fatal(err)
	}
	var hello [2]byte
	var head [10]byte
	if _, err := io.ReadFull(nc, hello[:]); err != nil || !bytes.Equal(hello[:], []byte{5, 0}) {
		t.Fatalf("got %v, %v", hello, err)
	}
	if _, err := io.ReadFull(nc, head[:]); err != nil {
		t.Fatal(err)
	}
	return head[1]
}

func portOf(s *service) string {
	_, port, _ := net.SplitHostPort(s.Addr().String())
	return port
}

func TestAHostThatForwardsNothingSaysSo(t *testing.T) {
	target := serveReal(t, "AllowTcpForwarding no")
	s := up(t, target, tunnel.Wait, tcpService(t, echo).local())
	nc := connectTo(t, s, 0)
	_ = nc.SetReadDeadline(time.Now().Add(patience))
	if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v", err)
	}
	if st := s.Status()[0]; !errors.Is(st.LastError, transport.ErrNoForwarding) {
		t.Errorf("got %v", st.LastError)
	}
	r := open(t, tunnel.Config{Transport: newPool(t)}, tunnel.Spec{Target: target, Rules: []forward.Rule{tcpService(t, echo).remote()}})
	if err := r.Ready(t.Context()); transport.KindOf(err) != transport.KindRefused {
		t.Errorf("got %v", err)
	}
}
