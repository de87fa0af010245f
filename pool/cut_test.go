//go:build !windows

package pool_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// Some say hello and last, until they are told to go.
func greeter(t *testing.T, n int) (addr string, leave func()) {
	t.Helper()
	ln := listen(t)
	bye := make(chan struct{})
	for range n {
		go func() { // ends with bye, or with the listener
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(nc, "hello")
			<-bye
			_ = nc.Close()
		}()
	}
	done := false
	leave = func() {
		if !done {
			close(bye)
			done = true
		}
	}
	t.Cleanup(leave)
	return ln.Addr().String(), leave
}

// A connection over a link ends with io.EOF where the other side has ended it, and
// only there.
func TestAConnOverALinkTellsItsEndFromALoss(t *testing.T) {
	t.Parallel()
	lost := func(err error) bool { return transport.KindOf(err) == transport.KindLost }
	closed := func(err error) bool { return errors.Is(err, net.ErrClosed) }
	for _, test := range []struct {
		name string
		end  func(t *testing.T, l transport.Link, r *relay, leave func(), conns []net.Conn)
		want func(error) bool // of a Read; io.EOF is nil
	}{
		{"the other side leaves", func(_ *testing.T, _ transport.Link, _ *relay, leave func(), _ []net.Conn) { leave() }, func(err error) bool { return err == nil }},
		{"the link is reset", func(_ *testing.T, _ transport.Link, r *relay, _ func(), _ []net.Conn) { r.cut() }, lost},
		{"the link ends", func(t *testing.T, l transport.Link, r *relay, _ func(), _ []net.Conn) {
			r.endAfter(5)
			_ = failedAs(t, l.Ping(t.Context()), transport.KindLost)
		}, lost},
		{"the link is spoiled", func(t *testing.T, l transport.Link, r *relay, _ func(), _ []net.Conn) {
			r.spoil()
			_ = failedAs(t, l.Ping(t.Context()), transport.KindLost)
		}, lost},
		{"the link is closed", func(t *testing.T, l transport.Link, _ *relay, _ func(), _ []net.Conn) {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}, closed},
		{"the connection is closed", func(_ *testing.T, _ transport.Link, _ *relay, _ func(), conns []net.Conn) {
			for _, c := range conns {
				_ = c.Close()
			}
		}, closed},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			_, target := serve(t, sshd.Config{})
			r := newRelay(t, &target)
			l := connect(t, newPool(t, pool.Config{}), target)
			const n = 20
			addr, leave := greeter(t, n)
			conns := make([]net.Conn, n)
			for i := range conns {
				c, err := l.Dial(t.Context(), "tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if _, err := io.ReadFull(c, make([]byte, len("hello"))); err != nil {
					t.Fatal(err)
				}
				conns[i] = c
			}
			ended := make(chan error, n)
			for _, c := range conns {
				go func() { // ends with the connection
					_, err := io.Copy(io.Discard, c)
					ended <- err
				}()
			}
			test.end(t, l, r, leave, conns)
			for range conns {
				if err := <-ended; !test.want(err) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

// Wherever the link ends while a command does, its output is whole or it failed. The
// script ends before its output does, so that the status comes first.
func TestOutputThatIsCutOffIsNoSuccess(t *testing.T) {
	t.Parallel()
	servers := map[string]func() transport.Target{
		"embedded": func() transport.Target { _, target := serve(t, sshd.Config{}); return target },
		"sshd":     func() transport.Target { _, target := startSSHD(t, opensshd.Options{}); return target },
	}
	for name, start := range servers {
		target := start()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelay(t, &target)
			const whole = "early\nlate\n"
			cut := func(after int) (outcome, int) {
				p := pool.New(pool.Config{Linger: -1})
				defer p.Close()
				warm := run(t.Context(), p, target, &transport.Command{Script: "true"})
				if warm.err != nil {
					t.Fatal(warm.err)
				}
				before := r.arrived()
				r.endAfter(after)
				got := run(t.Context(), p, target, &transport.Command{Script: "(sleep 0.1; echo late) & echo early", Grace: time.Second})
				came := r.arrived() - before
				r.endAfter(-1)
				return got, came
			}
			got, total := cut(-1)
			if got.err != nil || got.out != whole {
				t.Fatalf("got %+v", got)
			}
			parts := make(map[string]int) // what was there of the output of those that failed
			for after := range total {
				if after%12 != 0 && after < total-1 {
					continue
				}
				got, _ := cut(after)
				if got.err == nil && got.out == whole {
					continue
				}
				e := failedAs(t, got.err, transport.KindLost, "the connection was lost")
				if transport.SafeToRetry(e) && e.Sent || !strings.HasPrefix(whole, got.out) {
					t.Errorf("after %d bytes of %d: got %+v", after, total, got)
				}
				parts[got.out]++
			}
			if parts[""] == 0 || parts["early\n"] == 0 {
				t.Errorf("it was never cut in the middle: %s", fmt.Sprint(parts))
			}
		})
	}
}
