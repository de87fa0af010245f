//go:build linux

package pool_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"fleet/internal/sshd"
	"fleet/internal/sshd/sshdtest"
	"fleet/pool"
	"fleet/transport"
)

// answerTrue is a host where every command is "true", and costs no process.
func answerTrue(_ context.Context, e *sshd.Exec) int {
	nonce := regexp.MustCompile(`fleet-[0-9a-f]{16}`).FindString(e.Command)
	_, err := fmt.Fprintf(e.Stdout, "%s run 1 1\n", nonce)
	if err != nil {
		return 1
	}
	return 0
}

func TestASnapshotTellsWhatThePoolHolds(t *testing.T) {
	t.Parallel()
	_, jump := serve(t, sshd.Config{})
	_, target := serve(t, sshd.Config{})
	jump.Name = "bastion"
	behind := target
	behind.Name, behind.User, behind.Jump = "inside", "other", []transport.Target{jump}
	nowhere := target
	nowhere.Port = 1
	p := newPool(t, pool.Config{Linger: -1, OpenAhead: true})
	out := watch("ready")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := p.Run(ctx, behind, &transport.Command{Script: "echo ready; sleep 600", Stdout: out, Grace: time.Second})
		ended <- err
	}()
	<-out.seen
	if got := run(t.Context(), p, target, &transport.Command{Script: "true"}); got.err != nil {
		t.Fatal(got.err)
	}
	_ = failedAs(t, run(t.Context(), p, nowhere, &transport.Command{Script: "true"}).err, transport.KindUnreachable)
	l := connect(t, p, target)
	if err := l.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := p.Snapshot()
	if len(s.Connections) != 4 || s.Dials[""] != 4 || s.Dials[transport.KindUnreachable] != 1 || s.Sessions != 2 || s.Dialing != 0 || s.Waiting != 0 {
		t.Errorf("got %+v", s)
	}
	for _, c := range s.Connections {
		wantSessions, wantVia := 0, 0
		if c.Host == "inside" {
			wantSessions, wantVia = 1, 1
		}
		if c.Sessions != wantSessions || len(c.Via) != wantVia || c.Received == 0 || c.Sent == 0 || c.Since.IsZero() || c.Used.Before(c.Since) {
			t.Errorf("got %+v", c)
		}
		if c.Private && c.RoundTrip <= 0 {
			t.Errorf("a link that was probed has no round trip: %+v", c)
		}
	}
	if n := sum(s.Queue.Counts); n < 3 || s.Queue.Sum <= 0 || sum(s.RoundTrips.Counts) == 0 || len(s.Queue.Counts) != len(s.Queue.Bounds)+1 {
		t.Errorf("got %+v and %+v", s.Queue, s.RoundTrips)
	}
	cancel()
	_ = failedAs(t, <-ended, transport.KindCanceled)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	after := p.Snapshot()
	if len(after.Connections) != 3 || after.Received < s.Received || after.Sent < s.Sent {
		t.Errorf("bytes of connections that have ended are gone: %+v, then %+v", s, after)
	}
}

func sum(counts []uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func TestRetiredConnectionsEndWithTheirLastUse(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{Linger: -1, OpenAhead: true})
	out := watch("ready")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := p.Run(ctx, target, &transport.Command{Script: "echo ready; sleep 600", Stdout: out, Grace: time.Second})
		ended <- err
	}()
	<-out.seen
	p.Retire()
	if got := run(t.Context(), p, target, &transport.Command{Script: "true"}); got.err != nil {
		t.Fatal(got.err)
	}
	if st := s.Stats(); st.Accepted != 2 || st.Open != 2 {
		t.Errorf("got %+v, want another connection beside the one in use", st)
	}
	p.Retire()
	eventually(t, patience, "closed where it was idle", func() bool { return s.Stats().Open == 1 })
	cancel()
	if e := failedAs(t, <-ended, transport.KindCanceled); !e.Stopped {
		t.Errorf("got %+v", e)
	}
	eventually(t, patience, "closed", func() bool { return s.Stats().Open == 0 && len(p.Snapshot().Connections) == 0 })
}

// The clock of the wall goes on while the machine is suspended, and timers do not.
func TestAConnectionThatSleptIsNotTrusted(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	target.Link.Keepalive = time.Hour
	_, jump := serve(t, sshd.Config{})
	behind := target
	behind.Jump = []transport.Target{jump}
	behind.Jump[0].Link.Keepalive = time.Hour
	var slept atomic.Int64
	p := newPool(t, pool.Config{Linger: -1, OpenAhead: true})
	p.SetClock(func() time.Time { return time.Now().Add(time.Duration(slept.Load())) })
	for _, step := range []struct {
		sleep time.Duration
		want  int64 // connections so far
	}{{0, 2}, {time.Hour, 2}, {time.Hour + time.Second, 4}, {0, 4}} {
		slept.Add(int64(step.sleep))
		for _, to := range []transport.Target{target, behind} {
			if got := run(t.Context(), p, to, &transport.Command{Script: "true"}); got.err != nil {
				t.Fatal(got.err)
			}
		}
		if n := s.Stats().Accepted; n != step.want {
			t.Errorf("after %s more: %d connections, want %d", step.sleep, n, step.want)
		}
	}
	eventually(t, patience, "closed", func() bool { return len(p.Snapshot().Connections) == 3 })
	never := target
	never.Link.Keepalive = -1
	for range 2 {
		if got := run(t.Context(), p, never, &transport.Command{Script: "true"}); got.err != nil {
			t.Fatal(got.err)
		}
		slept.Add(int64(24 * time.Hour))
	}
	if n := s.Stats().Accepted; n != 5 {
		t.Errorf("%d connections: one that is never probed is trusted for ever", n)
	}
}

// A connection that is at work may have survived, so it is left alone.
func TestACommandOutlivesTheSleepOfTheMachine(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	var slept atomic.Int64
	p := newPool(t, pool.Config{Linger: -1})
	p.SetClock(func() time.Time { return time.Now().Add(time.Duration(slept.Load())) })
	out, ended := watch("ready"), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := p.Run(ctx, target, &transport.Command{Script: "echo ready; sleep 600", Stdout: out, Grace: time.Second})
		ended <- err
	}()
	<-out.seen
	slept.Store(int64(time.Hour))
	if got := run(t.Context(), p, target, &transport.Command{Script: "true"}); got.err != nil {
		t.Fatal(got.err)
	}
	if st := s.Stats(); st.Open != 2 {
		t.Errorf("got %+v, want 2 connections", st)
	}
	cancel()
	if e := failedAs(t, <-ended, transport.KindCanceled); !e.Stopped {
		t.Errorf("got %+v", e)
	}
}

// Where 24 callers share one session, each has its turn: none that runs one command
// after another passes over those who wait.
func TestSessionsAreGivenInTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	const callers, turns = 24, 5
	_, target := serve(t, sshd.Config{Version: "SSH-2.0-dropbear_test"}) // one session for each connection
	p := newPool(t, pool.Config{Linger: -1})
	var mu sync.Mutex
	var order []int
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for range turns {
				if got := run(t.Context(), p, target, &transport.Command{Script: "true"}); got.err != nil {
					t.Error(got.err)
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	// Nobody is a whole round ahead of one who has not had a turn yet, apart
	// from those who had a connection before the others came.
	var done [callers]int
	for _, i := range order {
		done[i]++
		if ahead := slices.Max(done[:]) - slices.Min(done[:]); ahead > 3 {
			t.Fatalf("one caller had %d turns more than another: %v", ahead, order)
		}
	}
}

// usage is what a resident process must not take more and more of.
func usage(t *testing.T) (descriptors, goroutines int, heap uint64) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return len(fds), runtime.NumGoroutine(), m.HeapAlloc
}

// It is not parallel: it counts what the process holds.
func TestTenThousandCommandsLeaveNothing(t *testing.T) {
	_, target := serve(t, sshd.Config{Exec: answerTrue})
	p := newPool(t, pool.Config{Linger: -1, OpenAhead: true})
	commands := func(n int) {
		g := new(errgroup.Group)
		g.SetLimit(8)
		for range n {
			g.Go(func() error {
				_, err := p.Run(t.Context(), target, &transport.Command{Script: "true"})
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	commands(n / 10)
	settled := func() bool { return p.Ahead() && p.Stat().Sessions == 0 }
	eventually(t, patience, "quiet", settled)
	descriptors, goroutines, heap := usage(t)
	commands(n)
	eventually(t, patience, "quiet", settled)
	eventually(t, patience, "as before", func() bool {
		d, g, _ := usage(t)
		return d == descriptors && g <= goroutines
	})
	d, g, h := usage(t)
	t.Logf("descriptors %d, then %d; goroutines %d, then %d; heap %d KiB, then %d KiB", descriptors, d, goroutines, g, heap>>10, h>>10)
	if h > heap+8<<20 {
		t.Errorf("the heap grew from %d to %d bytes", heap, h)
	}
}

// It is not parallel: it counts what the process holds.
func TestIdleConnectionsGoWithAllTheyHeld(t *testing.T) {
	const n = 200
	_, addr := sshdtest.Start(t, sshd.Config{Exec: answerTrue})
	p := newPool(t, pool.Config{Linger: time.Hour, OpenAhead: true})
	_, before, _ := usage(t)
	g := new(errgroup.Group)
	g.SetLimit(32)
	for i := range n {
		g.Go(func() error {
			target := targetAt(addr)
			target.Link.KeepaliveMax = 3 + i // makes it another target
			_, err := p.Run(t.Context(), target, &transport.Command{Script: "true"})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "idle", func() bool { return p.Ahead() && p.Stat() == (pool.Stat{Connections: n}) })
	_, after, _ := usage(t)
	t.Logf("%.2f goroutines for each connection, server included", float64(after-before)/n)
	p.Retire()
	eventually(t, patience, "gone", func() bool {
		_, now, _ := usage(t)
		return len(p.Snapshot().Connections) == 0 && now <= before+8
	})
}
