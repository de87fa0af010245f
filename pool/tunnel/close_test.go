//go:build !windows

package tunnel_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fleet/internal/sshd"
	"fleet/pool/tunnel"
	"fleet/transport"
)

func TestCloseAtAnyMomentLeavesNothing(t *testing.T) {
	target := serve(t, sshd.Config{})
	r := newRelay(t, &target)
	service := tcpService(t, echo)
	p := newPool(t)
	// Whatever serves is there before and after.
	ignore := goleak.IgnoreCurrent()
	files := descriptors(t)
	for range 60 {
		s, err := tunnel.New(tunnel.Config{Transport: p, Retry: true}, []tunnel.Spec{{Target: target, OnDown: tunnel.OnDown(rand.N(2)), Rules: append(
			dynamics(), service.local(), service.remote(),
		)}})
		if err != nil {
			t.Fatal(err)
		}
		var work sync.WaitGroup
		stop := make(chan struct{})
		work.Go(func() { disturb(r, stop) })
		for i := range 4 {
			work.Go(func() { use(s, i, stop) })
		}
		moment := time.NewTimer(rand.N(60 * time.Millisecond))
		if rand.N(10) > 0 {
			ctx, cancel := context.WithCancel(t.Context())
			s.Start(ctx)
			if rand.N(4) == 0 {
				work.Go(func() { <-stop; cancel() })
			}
			defer cancel()
		}
		<-moment.C
		work.Go(func() { _ = s.Close() })
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, st := range s.Status() {
			if st.Open != 0 || st.State != tunnel.StateClosed && st.State != tunnel.StateFailed {
				t.Errorf("after Close: %+v", st)
			}
		}
		close(stop)
		work.Wait()
		r.set(relayOpen)
	}
	eventually(t, "without connections", func() bool { return r.open() == 0 })
	if err := goleak.Find(ignore); err != nil {
		t.Error(err)
	}
	eventually(t, "down to the descriptors of before", func() bool { return descriptors(t) <= files })
}

// disturb makes the network come and go.
func disturb(r *relay, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(rand.N(20 * time.Millisecond)):
			r.set(relayMode(rand.N(3)))
		}
	}
}

// use makes connections until stop.
func use(s *tunnel.Set, i int, stop <-chan struct{}) {
	var open []net.Conn
	defer func() {
		for _, nc := range open {
			_ = nc.Close()
		}
	}()
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
		at := s.Status()[i].Listen
		nc, err := net.Dial(at.Network, at.Address)
		if err != nil {
			continue
		}
		_, _ = io.WriteString(nc, "\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x16hello")
		open = append(open, nc)
	}
}

func TestReadyAfterCloseSaysSo(t *testing.T) {
	s, err := tunnel.New(tunnel.Config{Transport: transport.Local{}}, []tunnel.Spec{{Target: transport.Target{Name: "db"}, Rules: dynamics()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.Start(t.Context())
	if err := s.Ready(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheEndOfTheContextEndsAll(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := tunnel.New(tunnel.Config{Transport: transport.Local{}}, []tunnel.Spec{{Target: transport.Target{Name: "db"}, Rules: dynamics()}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Start(ctx)
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := s.Status()[0].Listen
	cancel()
	eventually(t, "closed", func() bool { return stateOf(s) == tunnel.StateClosed })
	eventually(t, "let go", func() bool {
		ln, err := net.Listen(at.Network, at.Address)
		if err == nil {
			_ = ln.Close()
		}
		return err == nil
	})
}
