package tunnel_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fleet/internal/forward"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// Forwards that listen on the host need no socket here, so that time in a bubble
// can pass.

// A network is what a fake transport connects through: it is up or not, and an
// attempt takes time.
type network struct {
	mu    sync.Mutex
	err   error         // why there is no connection; nil is one
	mute  bool          // attempts get no answer at all
	login time.Duration // what an attempt takes that succeeds
}

func (n *network) set(change func(*network)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(n)
}

func (n *network) connect(ctx context.Context, _ int) (*fakeLink, error) {
	n.mu.Lock()
	err, mute, login := n.err, n.mute, n.login
	n.mu.Unlock()
	if mute {
		// What was sent into a dead network is not sent again in time.
		login = 10 * time.Second
		err = errors.New("timed out")
	}
	select {
	case <-time.After(login):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	l := newFakeLink()
	l.listen = func(context.Context, string, string) (net.Listener, error) { return newFakeListener(8080), nil }
	return l, nil
}

// stateOf is the state of the only forward.
func stateOf(s *tunnel.Set) tunnel.State { return s.Status()[0].State }

func TestALinkThatReturnsIsUsedWithinTwoSeconds(t *testing.T) {
	for _, tt := range []struct {
		name string
		away func(*network)
	}{
		{"refused", func(n *network) { n.err = unreachable() }},
		{"silent", func(n *network) { n.mute = true }},
	} {
		for _, gone := range []time.Duration{50 * time.Millisecond, 3 * time.Second, 11 * time.Second, 61234 * time.Millisecond, 6 * time.Hour} {
			t.Run(tt.name+" for "+gone.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := &network{login: 200 * time.Millisecond}
					f := &fakeTransport{connect: n.connect}
					s := open(t, tunnel.Config{Transport: f}, spec(t, forward.Remote, "8080:localhost:80"))
					if err := s.Ready(t.Context()); err != nil {
						t.Fatal(err)
					}
					n.set(tt.away)
					f.link().cut(errors.New("reset"))
					time.Sleep(gone)
					if got := stateOf(s); got != tunnel.StateDown {
						t.Fatalf("got state %s while the link is away", got)
					}
					n.set(func(n *network) { n.err, n.mute = nil, false })
					back := time.Now()
					if err := s.Ready(t.Context()); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(back); took > 2*time.Second {
						t.Errorf("it took %s", took)
					}
					if most := int(gone/(400*time.Millisecond)) + 8; len(f.tried()) > most {
						t.Errorf("%d attempts in %s", len(f.tried()), gone)
					}
				})
			})
		}
	}
}

func TestAHostThatHasBecomeSlowIsReachedByThePatientAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{login: 100 * time.Millisecond}
		f := &fakeTransport{connect: n.connect}
		s := open(t, tunnel.Config{Transport: f}, spec(t, forward.Remote, "8080:localhost:80"))
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.set(func(n *network) { n.login = 8 * time.Second })
		f.link().cut(errors.New("reset"))
		synctest.Wait()
		lost := time.Now()
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(lost); took > 30*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAHostThatIsSlowToListenIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		f := &fakeTransport{connect: func(context.Context, int) (*fakeLink, error) {
			l := newFakeLink()
			l.listen = func(ctx context.Context, _, _ string) (net.Listener, error) {
				if asked++; asked > 1 {
					return newFakeListener(8080), nil
				}
				<-ctx.Done()
				return nil, &transport.Error{Op: "listen", Host: "host", Kind: transport.KindOf(context.Cause(ctx)), Err: context.Cause(ctx)}
			}
			return l, nil
		}}
		told := make(chan tunnel.Status, 16)
		s := open(t, tunnel.Config{Transport: f, Retry: true, Changed: func(st tunnel.Status) { told <- st }}, spec(t, forward.Remote, "8080:localhost:80"))
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := <-told; transport.KindOf(st.Err) != transport.KindTimeout || !strings.Contains(st.Err.Error(), "no answer within 10s") {
			t.Errorf("got %s, %v", st.State, st.Err)
		}
	})
}

func TestTheFirstAttemptDecidesUnlessToldToRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{err: unreachable()}
		for _, retry := range []bool{false, true} {
			s := open(t, tunnel.Config{Transport: &fakeTransport{connect: n.connect}, Retry: retry}, spec(t, forward.Remote, "8080:localhost:80"))
			if err := s.Settled(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := map[bool]tunnel.State{false: tunnel.StateFailed, true: tunnel.StateOpening}[retry]
			if st := s.Status()[0]; st.State != want || transport.KindOf(st.Err) != transport.KindUnreachable {
				t.Errorf("retry %v: got %s, %v; want %s", retry, st.State, st.Err, want)
			}
		}
	})
}

func TestALoginThatIsRefusedFailsAtFirstAndIsTriedRarelyLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{err: denied()}
		first := open(t, tunnel.Config{Transport: &fakeTransport{connect: n.connect}, Retry: true}, spec(t, forward.Remote, "8080:localhost:80"))
		if err := first.Ready(t.Context()); transport.KindOf(err) != transport.KindAuth {
			t.Errorf("got %v, want that the login is refused", err)
		}

		n.set(func(n *network) { n.err = nil })
		f := &fakeTransport{connect: n.connect}
		s := open(t, tunnel.Config{Transport: f}, spec(t, forward.Remote, "8080:localhost:80"))
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.set(func(n *network) { n.err = denied() })
		f.link().cut(errors.New("reset"))
		time.Sleep(time.Minute)
		if st := s.Status()[0]; st.State != tunnel.StateDown || transport.KindOf(st.Err) != transport.KindAuth {
			t.Errorf("got %s, %v", st.State, st.Err)
		}
		if n := len(f.tried()); n < 6 || n > 15 {
			t.Errorf("%d attempts in a minute", n)
		}
	})
}

func TestARemotePortThatIsStillHeldIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []string
		held := false
		refused := &transport.Error{Op: "listen", Host: "host", Kind: transport.KindRefused, Err: errors.New("port 41000 is held")}
		f := &fakeTransport{connect: func(context.Context, int) (*fakeLink, error) {
			l := newFakeLink()
			l.listen = func(_ context.Context, _, addr string) (net.Listener, error) {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, addr)
				if held {
					return nil, refused
				}
				return newFakeListener(41000), nil
			}
			return l, nil
		}}
		var told []string
		s := open(t, tunnel.Config{Transport: f, Changed: func(st tunnel.Status) {
			text := string(st.State)
			if st.Err != nil {
				text += " " + st.Err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			told = append(told, text)
		}}, spec(t, forward.Remote, "0:localhost:80"))
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		held = true
		mu.Unlock()
		f.link().cut(errors.New("reset"))
		time.Sleep(20 * time.Second)
		st := s.Status()[0]
		if st.State != tunnel.StateDown || !errors.Is(st.Err, refused) || st.NextTry.IsZero() {
			t.Errorf("got %s, %v, next %v", st.State, st.Err, st.NextTry)
		}
		mu.Lock()
		held = false
		mu.Unlock()
		time.Sleep(2 * time.Second)
		if got := s.Status()[0]; got.State != tunnel.StateReady || got.Listen.Port() != 41000 {
			t.Errorf("got %s at %s", got.State, got.Listen)
		}
		if len(f.tried()) != 2 {
			t.Errorf("%d connections, though the second one lives", len(f.tried()))
		}
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		for i, addr := range asked {
			if want := map[bool]string{true: "127.0.0.1:0", false: "127.0.0.1:41000"}[i == 0]; addr != want {
				t.Errorf("asked for %s, want %s", addr, want)
			}
		}
		want := []string{"ready", "down host: connection: reset", "down host: listen: port 41000 is held", "ready"}
		if strings.Join(told, "\n") != strings.Join(want, "\n") {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

func TestARemotePortThatIsRefusedAtFirstFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeTransport{connect: func(context.Context, int) (*fakeLink, error) {
			l := newFakeLink()
			l.listen = func(context.Context, string, string) (net.Listener, error) {
				return nil, &transport.Error{Op: "listen", Host: "host", Kind: transport.KindRefused, Err: transport.ErrNoForwarding}
			}
			return l, nil
		}}
		s := open(t, tunnel.Config{Transport: f, Retry: true}, spec(t, forward.Remote, "8080:localhost:80"))
		if err := s.Ready(t.Context()); !errors.Is(err, transport.ErrNoForwarding) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if f.link().Err() == nil {
			t.Error("the link of a failed forward lives")
		}
	})
}

func TestAfterSleepEveryLinkHasToAnswerAtOnce(t *testing.T) {
	for _, alive := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			n := new(network)
			f := &fakeTransport{connect: func(ctx context.Context, i int) (*fakeLink, error) {
				l, err := n.connect(ctx, i)
				if i == 1 {
					l.ping = func(ctx context.Context) error {
						if alive || time.Now().Before(time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC)) {
							return nil
						}
						<-ctx.Done()
						return ctx.Err()
					}
				}
				return l, err
			}}
			s, err := tunnel.New(tunnel.Config{Transport: f}, []tunnel.Spec{spec(t, forward.Remote, "8080:localhost:80")})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var mu sync.Mutex
			slept := time.Duration(0)
			s.SetWall(func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				return time.Now().Add(slept)
			})
			s.Start(t.Context())
			if err := s.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			mu.Lock()
			slept = time.Hour
			mu.Unlock()
			time.Sleep(tunnel.SleepTick + tunnel.WakeLimit + 2*time.Second)
			if want := map[bool]int{true: 1, false: 2}[alive]; len(f.tried()) != want || stateOf(s) != tunnel.StateReady {
				t.Errorf("alive %v: %d connections, want %d; state %s", alive, len(f.tried()), want, stateOf(s))
			}
		})
	}
}

func TestAfterSleepALostLinkIsTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := new(network)
		f := &fakeTransport{connect: n.connect}
		s, err := tunnel.New(tunnel.Config{Transport: f}, []tunnel.Spec{spec(t, forward.Remote, "8080:localhost:80")})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var mu sync.Mutex
		slept := time.Duration(0)
		s.SetWall(func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(slept)
		})
		s.Start(t.Context())
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.set(func(n *network) { n.err = denied() }) // of a network that asks everybody to sign in first
		f.link().cut(errors.New("reset"))
		time.Sleep(time.Second)
		n.set(func(n *network) { n.err = nil })
		mu.Lock()
		slept = time.Hour
		mu.Unlock()
		time.Sleep(tunnel.SleepTick)
		synctest.Wait()
		if got := stateOf(s); got != tunnel.StateReady {
			t.Errorf("got %s", got)
		}
	})
}

func TestALinkThatDiesAtOnceIsNotMadeInALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeTransport{connect: func(context.Context, int) (*fakeLink, error) {
			l := newFakeLink()
			l.listen = func(context.Context, string, string) (net.Listener, error) {
				time.AfterFunc(time.Millisecond, func() { l.cut(errors.New("go away")) })
				return newFakeListener(8080), nil
			}
			return l, nil
		}}
		open(t, tunnel.Config{Transport: f}, spec(t, forward.Remote, "8080:localhost:80"))
		time.Sleep(time.Minute)
		if n := len(f.tried()); n < 20 || n > 150 {
			t.Errorf("%d links in a minute", n)
		}
	})
}

func TestFirstLinksAreMadeAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{login: time.Second}
		f := &fakeTransport{connect: n.connect}
		var specs []tunnel.Spec
		for range 10 {
			specs = append(specs, spec(t, forward.Remote, "8080:localhost:80"))
		}
		began := time.Now()
		s := open(t, tunnel.Config{Transport: f, Fanout: 3}, specs...)
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("took %s, want 4 s", took)
		}
	})
}
