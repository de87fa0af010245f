//go:build linux

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

func TestConcurrentFirstUsesShareOneDial(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{Linger: -1})
	var all sync.WaitGroup
	for i := range 9 {
		all.Go(func() {
			named := target
			named.Name = "name " + itoa(i) // a name is not part of what a host is
			if got := run(t.Context(), p, named, &transport.Command{Script: "exit 3"}); got.err != nil || got.status.Code != 3 {
				t.Errorf("got %+v", got)
			}
		})
	}
	all.Wait()
	if n := s.Stats().Accepted; n != 1 {
		t.Errorf("got %d connections, want 1", n)
	}
	if st := p.Stat(); st != (pool.Stat{Connections: 1}) {
		t.Errorf("got %+v", st)
	}
}

func TestAConnectionThatIsKnownToBeGoneIsLentToNobody(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{Linger: -1})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range 2 {
		if got := run(ctx, p, target, &transport.Command{Script: "true"}); got.err != nil {
			t.Fatal(got.err)
		}
		p.Fail()
	}
	if n := s.Stats().Accepted; n != 2 {
		t.Errorf("got %d connections, want 2", n)
	}
}

func TestADialOutlivesAnImpatientCaller(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	network := newRelay(t, &target)
	network.silence()
	p := newPool(t, pool.Config{Linger: -1})
	ctx, cancel := context.WithCancelCause(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := p.Run(ctx, target, &transport.Command{Script: "true"})
		left <- err
	}()
	eventually(t, patience, "dialing", func() bool { return network.accepted() == 1 })
	stayed := make(chan outcome, 1)
	go func() {
		stayed <- run(t.Context(), p, target, &transport.Command{Script: "echo here"})
	}()
	bored := errors.New("bored")
	cancel(bored)
	err := <-left
	if e := failedAs(t, err, transport.KindCanceled); !errors.Is(e, bored) || e.Sent || !e.Stopped {
		t.Errorf("got %#v", e)
	}
	network.speak()
	if got := <-stayed; got.err != nil || got.out != "here\n" {
		t.Errorf("got %+v", got)
	}
	if n := s.Stats().Accepted; n != 1 {
		t.Errorf("got %d connections, want 1", n)
	}
}

func TestTargetsThatDifferDoNotShare(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{Linger: -1})
	other := target
	other.User = "other"
	stricter := target
	stricter.Link.Ciphers = []string{"aes256-gcm@openssh.com"}
	env := target
	env.Env = []string{"A=b"}
	for _, c := range []struct {
		target transport.Target
		total  int64
	}{{target, 1}, {other, 2}, {stricter, 3}, {env, 3}, {target, 3}} {
		if got := run(t.Context(), p, c.target, &transport.Command{Script: "true"}); got.err != nil {
			t.Fatal(got.err)
		}
		if n := s.Stats().Accepted; n != c.total {
			t.Errorf("got %d connections, want %d", n, c.total)
		}
	}
}

// A command on an open connection costs one round trip, and a login no more
// than the protocol asks for.
func TestRoundTripsAreFew(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{})
	network := newRelay(t, &target)
	dialed := 0
	p := newPool(t, pool.Config{Linger: -1, OpenAhead: true, Connected: func(*transport.Target, time.Duration) { dialed = network.asked() }})
	// cost is what a command takes up to its first output. It lasts until that
	// was counted: its end takes messages too.
	cost := func() (n int) {
		counted := filepath.Join(t.TempDir(), "counted")
		out := called(func() {
			n = network.asked()
			if err := os.WriteFile(counted, nil, 0o644); err != nil {
				t.Error(err)
			}
		})
		script := "echo x; while [ ! -e " + counted + " ]; do sleep 0.01; done"
		if _, err := p.Run(t.Context(), target, &transport.Command{Script: script, Stdout: out}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := cost(); n > 2 {
		t.Errorf("the first command took %d round trips, want at most 2", n)
	}
	// Setting up TCP is one more; but both sides send their first two messages
	// without waiting for the other's, which counts as two here.
	if dialed > 7 {
		t.Errorf("a login took %d round trips, want at most 7", dialed)
	}
	for range 5 {
		eventually(t, patience, "ready", func() bool { return network.clientSpoke() && p.Ahead() })
		network.asked()
		if n := cost(); n != 1 {
			t.Errorf("a command on an open connection took %d round trips, want 1", n)
		}
	}
}

// called calls f at the first Write.
func called(f func()) *onFirstWrite { return &onFirstWrite{first: f} }

type onFirstWrite struct {
	first func()
	once  sync.Once
}

func (w *onFirstWrite) Write(p []byte) (int, error) {
	w.once.Do(w.first)
	return len(p), nil
}

func TestAnUnusedConnectionLingersAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		linger time.Duration
		stays  bool
	}{{0, false}, {50 * time.Millisecond, false}, {-1, true}} {
		t.Run(fmt.Sprint(test.linger), func(t *testing.T) {
			t.Parallel()
			s, target := serve(t, sshd.Config{})
			p := newPool(t, pool.Config{Linger: test.linger, OpenAhead: true})
			for range 2 {
				if got := run(t.Context(), p, target, &transport.Command{Script: "true"}); got.err != nil {
					t.Fatal(got.err)
				}
			}
			if test.stays {
				if n := s.Stats().Accepted; n != 1 || p.Stat().Connections != 1 {
					t.Errorf("%d connections were made, %+v", n, p.Stat())
				}
				return
			}
			eventually(t, patience, "closed", func() bool { return s.Stats().Open == 0 && p.Stat() == (pool.Stat{}) })
		})
	}
}

func TestCloseFailsWhatRunsAndWaitsForIt(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	p := pool.New(pool.Config{OpenAhead: true, Linger: -1})
	out := watch("ready")
	done := make(chan error, 1)
	go func() {
		_, err := p.Run(t.Context(), target, &transport.Command{Script: "echo ready; sleep 600", Stdout: out, Stdin: endless(t), Grace: time.Second})
		done <- err
	}()
	<-out.seen
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	_ = failedAs(t, <-done, transport.KindLost, "pool is closed")
	eventually(t, patience, "closed", func() bool { return s.Stats().Open == 0 })
	got := run(t.Context(), p, target, &transport.Command{Script: "true"})
	_ = failedAs(t, got.err, transport.KindCanceled, "pool is closed")
}

func TestOneServerThatDropsTooManyLoginsLetsAllIn(t *testing.T) {
	t.Parallel()
	var addresses []string
	for i := range 15 {
		addresses = append(addresses, "127.0.0."+itoa(2+i))
	}
	s, target := startSSHD(t, opensshd.Options{Config: []string{"MaxStartups 10:30:100"}, Addresses: addresses})
	target.HostKey.Alias = "[127.0.0.1]:" + itoa(s.Port)
	p := newPool(t, pool.Config{})
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			one := target
			one.Name = "host " + itoa(i)
			one.Address = addresses[i%len(addresses)]
			one.Link.KeepaliveMax = 3 + i/15 // makes it another target
			got := run(t.Context(), p, one, &transport.Command{Script: "exit 3"})
			if got.err != nil || got.status.Code != 3 {
				t.Errorf("%v: %+v", got.err, got.status)
			}
		})
	}
	all.Wait()
}
