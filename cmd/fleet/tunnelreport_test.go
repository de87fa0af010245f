package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fleet/internal/forward"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// fakeTunnels are local forwards on hosts db1, db2, ..., all in one state.
func fakeTunnels(n int, state tunnel.State, err error) []tunnel.Status {
	list := make([]tunnel.Status, n)
	for i := range list {
		listen := forward.TCP("127.0.0.1", 15432+i)
		list[i] = tunnel.Status{
			Host: fmt.Sprintf("db%d", i+1), State: state, Err: err, Listen: listen,
			Rule: forward.Rule{Kind: forward.Local, Listen: listen, To: forward.TCP("localhost", 5432)},
		}
	}
	return list
}

func lost() error {
	return &transport.Error{Op: "keepalive", Host: "db1", Kind: transport.KindLost, Err: errors.New("connection lost (no answer for 15 s)")}
}

func unreachable() error {
	return &transport.Error{Op: "connect", Host: "db1", Kind: transport.KindUnreachable, Err: errors.New("connection refused")}
}

// told are the lines about list.
func told(r *newsReport, list []tunnel.Status, now time.Time) string {
	var all []string
	for _, l := range r.lines(list, now) {
		all = append(all, l.String())
	}
	return strings.Join(all, "\n")
}

func TestNewsOfTunnelsAreToldOnce(t *testing.T) {
	var r newsReport
	start := time.Unix(0, 0)
	ready := fakeTunnels(20, tunnel.StateReady, nil)
	refused := fakeTunnels(20, tunnel.StateReady, nil)
	refused[6].LastError = &transport.Error{Op: "dial", Kind: transport.KindRefused, Err: errors.New("localhost:5432: connection refused")}
	for _, tt := range []struct {
		about string
		list  []tunnel.Status
		at    time.Duration
		want  string
	}{
		{"what is well is no news", ready, 0, ""},
		{"hosts that are lost together are one line", fakeTunnels(20, tunnel.StateDown, lost()), 0, "db[1-20]: connection lost (no answer for 15 s); trying again"},
		{"another attempt that fails is no news", fakeTunnels(20, tunnel.StateDown, unreachable()), time.Second, ""},
		{"what only a person can mend is", fakeTunnels(20, tunnel.StateDown, &transport.Error{Op: "host key", Kind: transport.KindHostKey, Err: errors.New("the host key has changed")}), 2 * time.Second, "db[1-20]: the host key has changed; trying again"},
		{"it is back", ready, 12 * time.Second, "db[1-20]: ready again after 12 s"},
		{"a target that refuses", refused, 13 * time.Second, "db7: a connection failed: localhost:5432: connection refused"},
		{"which is not said for each connection", refused, 14 * time.Second, ""},
	} {
		if got := told(&r, tt.list, start.Add(tt.at)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.about, got, tt.want)
		}
	}
}

func TestATunnelThatWasDownForAMomentIsTold(t *testing.T) {
	var r newsReport
	list := fakeTunnels(1, tunnel.StateReady, nil)
	told(&r, list, time.Now())
	down := fakeTunnels(1, tunnel.StateDown, lost())
	r.hear(&down[0])
	if got, want := told(&r, list, time.Now()), "db1: connection lost (no answer for 15 s); ready again"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A fleet that reboots: each link ends in its own way, and until it is told, the
// first attempts have failed already, at addresses of their own.
func TestWhyLinksWereLostIsOneLine(t *testing.T) {
	var r newsReport
	told(&r, fakeTunnels(3, tunnel.StateReady, nil), time.Now())
	away := fakeTunnels(3, tunnel.StateDown, nil)
	for i := range away {
		s := &away[i]
		s.Err = &transport.Error{Op: "connection", Kind: transport.KindLost, Err: fmt.Errorf("read: 10.0.0.%d:22: reset", i)}
		r.hear(s)
		s.Err = &transport.Error{Op: "connect", Kind: transport.KindUnreachable, Err: fmt.Errorf("10.0.0.%d:22: connection refused", i)}
		r.hear(s)
	}
	if got, want := told(&r, away, time.Now()), "db[1-3]: connection lost; trying again"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	first := new(newsReport)
	if got, want := told(first, away, time.Now()), "db[1-3]: connect: connection refused; trying again"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Two forwards of one rule are two tunnels.
func TestTunnelsOfOneRuleAreToldApart(t *testing.T) {
	var r newsReport
	list := fakeTunnels(2, tunnel.StateReady, nil)
	list[1].Host, list[1].Rule, list[0].LastError = list[0].Host, list[0].Rule, lost()
	told(&r, list, time.Now())
	if got := told(&r, list, time.Now()); got != "" {
		t.Errorf("told twice: %q", got)
	}
}

func TestFirstAttemptsThatFailedAreTold(t *testing.T) {
	list := fakeTunnels(4, tunnel.StateReady, nil)
	list[1].State, list[1].Err = tunnel.StateOpening, unreachable()
	list[2].State, list[2].Err = tunnel.StateOpening, unreachable()
	list[3].State, list[3].Err = tunnel.StateFailed, errors.New("it does not allow forwarding")
	got := told(new(newsReport), list, time.Now())
	if want := "db[2-3]: connect: connection refused; trying again\ndb4: it does not allow forwarding; given up"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := tunnelsStatus(list); got != 6 {
		t.Errorf("exit status %d, want 6", got)
	}
}

func TestATunnelOfAHostWithSeveralIsNamed(t *testing.T) {
	list := append(fakeTunnels(2, tunnel.StateReady, nil), fakeTunnels(2, tunnel.StateDown, lost())...)
	for i := range 2 {
		list[2+i].Rule.Kind, list[2+i].Listen = forward.Remote, forward.TCP("127.0.0.1", 8443)
	}
	got := told(new(newsReport), list, time.Now())
	if want := "db[1-2] (remote 127.0.0.1:8443): connection lost (no answer for 15 s); trying again"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTunnelsThatDifferInTheHostAloneAreOneRow(t *testing.T) {
	list := []tunnelDocument{
		{Host: "db1", Kind: "local", Listen: "127.0.0.1:1", Target: "localhost:5432", State: "ready"},
		{Host: "db2", Kind: "local", Listen: "127.0.0.1:2", Target: "localhost:5432", State: "ready"},
		{Host: "db3", Kind: "local", Listen: "127.0.0.1:3", Target: "localhost:5432", State: "failed", Error: "no"},
		{Host: "db4", Kind: "local", Listen: "127.0.0.1:4", Target: "localhost:5432", State: "failed", Error: "no"},
		{Host: "db5", Kind: "local", Listen: "127.0.0.1:5", Target: "localhost:5432", State: "failed", Error: "never"},
		{Host: "db1", Kind: "remote", Listen: "127.0.0.1:8443", Target: "localhost:3000", State: "ready"},
		{Host: "db2", Kind: "remote", Listen: "127.0.0.1:8443", Target: "localhost:3000", State: "ready"},
	}
	var b bytes.Buffer
	if err := writeTunnels(&b, list); err != nil {
		t.Fatal(err)
	}
	want := `HOST     KIND    LISTEN          TARGET          STATE
db1      local   127.0.0.1:1     localhost:5432  ready
db2      local   127.0.0.1:2     localhost:5432  ready
db[3-4]  local   -               localhost:5432  failed
db5      local   -               localhost:5432  failed
db[1-2]  remote  127.0.0.1:8443  localhost:3000  ready
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
	list[0].Name, b = "postgres", bytes.Buffer{}
	if err := writeTunnels(&b, list[:1]); err != nil || !strings.HasPrefix(b.String(), "NAME      HOST") {
		t.Errorf("got %v\n%s", err, b.String())
	}
}

// News tell of changes within 200 ms in one line, and of none that came before the
// tunnels were shown.
func TestNewsAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := fakeTunnels(3, tunnel.StateReady, nil)
		var now atomic.Pointer[[]tunnel.Status]
		now.Store(&list)
		n := newTunnelNews()
		var lines []string
		n.status = func() []tunnel.Status { return *now.Load() }
		n.print = func(some []newsLine) {
			for _, l := range some {
				lines = append(lines, l.String())
			}
		}
		n.start()
		n.changed(list[0])
		synctest.Wait()
		n.begin()
		synctest.Wait()
		for i := range list {
			down := fakeTunnels(3, tunnel.StateDown, lost())
			next := slices.Clone(*now.Load())
			next[i] = down[i]
			now.Store(&next)
			n.changed(next[i])
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		n.close()
		if got, want := strings.Join(lines, "\n"), "db[1-3]: connection lost (no answer for 15 s); trying again"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAllTunnelsGivenUpIsTheEnd(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		list := fakeTunnels(2, tunnel.StateFailed, unreachable())
		n := newTunnelNews()
		n.status = func() []tunnel.Status { return list }
		n.start()
		n.changed(list[0])
		<-n.lost
		n.close()
	})
}

// What --exec meets is told, also where it ends at once.
func TestNewsThatAreHeldBackAreToldAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := fakeTunnels(1, tunnel.StateReady, nil)
		list[0].LastError = &transport.Error{Op: "dial", Kind: transport.KindRefused, Err: errors.New("localhost:9: connection refused")}
		n := newTunnelNews()
		var lines []newsLine
		n.status = func() []tunnel.Status { return list }
		n.print = func(some []newsLine) { lines = append(lines, some...) }
		n.start()
		n.begin()
		n.look()
		n.finish(list)
		n.close()
		if len(lines) != 1 || lines[0].String() != "db1: a connection failed: localhost:9: connection refused" {
			t.Errorf("got %v", lines)
		}
	})
}

// A program that does not read holds up nobody, and gets the latest of each tunnel.
func TestNewsForAProgramThatDoesNotReadAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := fakeTunnels(2, tunnel.StateReady, nil)
		n := newTunnelNews()
		stuck := make(chan struct{})
		var got []int
		n.status = func() []tunnel.Status { return list }
		n.emit = func(s *tunnel.Status) error {
			<-stuck
			got = append(got, s.Attempt)
			return nil
		}
		n.start()
		for i := range 1000 {
			s := list[i%2]
			s.Attempt = i
			n.changed(s)
			synctest.Wait()
		}
		close(stuck)
		n.finish(list)
		n.close()
		if len(got) != 1+2*queuedMax || !slices.Contains(got, 998) || !slices.Contains(got, 999) {
			t.Errorf("got %v", got)
		}
	})
}
