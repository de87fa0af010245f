//go:build !windows

package pool_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

func connect(t *testing.T, p *pool.Pool, target transport.Target) transport.Link {
	t.Helper()
	l, err := p.Connect(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// mustEnd checks that a link ends by itself, with all that is on it.
func mustEnd(t *testing.T, l transport.Link, ln net.Listener, words ...string) {
	t.Helper()
	_, err := ln.Accept()
	_ = failedAs(t, err, transport.KindLost, words...)
	<-l.Done()
	_ = failedAs(t, l.Err(), transport.KindLost, words...)
	_, err = l.Dial(t.Context(), "tcp", "127.0.0.1:1")
	_ = failedAs(t, err, transport.KindLost)
}

func TestALinkThatIsCutSaysSo(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	r := newRelay(t, &target)
	l := connect(t, newPool(t, pool.Config{}), target)
	ln, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Dial(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r.cut()
	_, err = io.ReadAll(c)
	if e := failedAs(t, err, transport.KindLost, "host: read: the connection was lost"); transport.SafeToRetry(e) {
		t.Errorf("%v is not safe to repeat", e)
	}
	mustEnd(t, l, ln, "the connection was lost")
}

func TestALinkThatFallsSilentIsFoundDead(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	r := newRelay(t, &target)
	target.Link.Keepalive, target.Link.KeepaliveMax = 500*time.Millisecond, 2
	l := connect(t, newPool(t, pool.Config{}), target)
	ln, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.silence()
	mustEnd(t, l, ln, "stopped answering")
}

func TestWhatIsAskedOfASilentLinkCanBeGivenUp(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	r := newRelay(t, &target)
	l := connect(t, newPool(t, pool.Config{}), target)
	ln, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s")
	r.silence()
	gaveUp := errors.New("gave up")
	for op, ask := range map[string]func(context.Context) error{
		"dial":   func(ctx context.Context) error { _, err := l.Dial(ctx, "tcp", ln.Addr().String()); return err },
		"listen": func(ctx context.Context) error { _, err := l.Listen(ctx, "unix", path); return err },
		"ping":   l.Ping,
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() { done <- ask(ctx) }() // ends with ctx
		cancel(gaveUp)
		if err := <-done; !errors.Is(err, gaveUp) || transport.KindOf(err) != transport.KindCanceled {
			t.Errorf("%s: got %v", op, err)
		}
	}
	r.speak()
	if err := l.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	eventually(t, patience, "rid of the socket that nobody waits for", func() bool {
		_, err := os.Stat(path)
		return errors.Is(err, os.ErrNotExist)
	})
}

// What waits for an answer of the server ends with the link, and is waited for.
func TestWhatIsAskedOfASilentLinkEndsWithIt(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(transport.Link, *relay){
		"closed": func(l transport.Link, _ *relay) { _ = l.Close() },
		"cut":    func(_ transport.Link, r *relay) { r.cut() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, target := serve(t, sshd.Config{})
			r := newRelay(t, &target)
			l := connect(t, newPool(t, pool.Config{}), target)
			if err := l.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.asked()
			r.silence()
			const n = 10
			ended := make(chan error, n)
			for range n {
				go func() { // ends with the link
					_, err := l.Dial(t.Context(), "tcp", "127.0.0.1:1")
					ended <- err
				}()
			}
			eventually(t, patience, "asked", func() bool { return r.clientSpoke() })
			end(l, r)
			for range n {
				_ = failedAs(t, <-ended, transport.KindLost)
			}
		})
	}
}

// A mute carries on so many bytes to the server, and then nothing more.
type mute struct {
	after   int
	reached chan struct{}

	mu   sync.Mutex
	seen int // bytes to the server
}

func newMute(t *testing.T, target transport.Target, after int) (*mute, transport.Target) {
	t.Helper()
	m := &mute{after: after, reached: make(chan struct{})}
	ln := listen(t)
	to := target.Addr()
	var work sync.WaitGroup
	work.Go(func() {
		near, err := ln.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			_ = near.Close()
			return
		}
		work.Go(func() {
			_, _ = io.Copy(near, far)
			_ = near.Close()
		})
		if _, err := io.Copy(io.MultiWriter(m, far), near); err != nil {
			_, _ = io.Copy(io.Discard, near) // until the client goes
		}
		_ = far.Close()
	})
	t.Cleanup(func() {
		_ = ln.Close()
		work.Wait()
	})
	addr := ln.Addr().(*net.TCPAddr)
	target.Address, target.Port = addr.IP.String(), addr.Port
	return m, target
}

// Write counts, and fails where the rest is to be held back until the client goes.
func (m *mute) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen += len(p)
	if m.seen >= m.after {
		select {
		case <-m.reached:
		default:
			close(m.reached)
		}
		return 0, errors.New("held back")
	}
	return len(p), nil
}

// total is how many bytes went to the server.
func (m *mute) total() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen
}

func TestConnectEndsWithItsContextInEveryPhase(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{})
	all, through := newMute(t, target, 1<<30)
	if err := connect(t, p, through).Close(); err != nil {
		t.Fatal(err)
	}
	total := all.total()
	gaveUp := errors.New("gave up")
	for i := range 12 {
		m, through := newMute(t, target, 1+i*(total-100)/12) // the end of the link counts a few
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() { // ends with ctx
			l, err := p.Connect(ctx, through)
			if err == nil {
				_ = l.Close()
			}
			done <- err
		}()
		<-m.reached
		cancel(gaveUp)
		if err := <-done; !errors.Is(err, gaveUp) || transport.KindOf(err) != transport.KindCanceled {
			t.Errorf("after %d bytes of %d: got %v", m.after, total, err)
		}
	}
}

func TestConnectEndsWithItsContextBeforeABanner(t *testing.T) {
	t.Parallel()
	_, jump := serve(t, sshd.Config{})
	ln := listen(t)
	silent := targetAt(ln.Addr()) // connected to by the kernel, and answered by nobody
	behind := silent
	behind.Jump = []transport.Target{jump}
	limit := errors.New("no more time")
	p := newPool(t, pool.Config{})
	for _, target := range []transport.Target{silent, behind} {
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() { // ends with ctx
			_, err := p.Connect(ctx, target)
			done <- err
		}()
		nc, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		cancel(limit)
		_ = failedAs(t, <-done, transport.KindCanceled, "no more time")
		_, _ = io.Copy(io.Discard, nc) // the connection has ended
		_ = nc.Close()
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, context.DeadlineExceeded)
	defer cancel()
	_, err := p.Connect(ctx, silent)
	_ = failedAs(t, err, transport.KindTimeout)
}

// Not parallel: it counts all goroutines.
func TestALinkLeavesNothingBehind(t *testing.T) {
	_, target := startSSHD(t, opensshd.Options{})
	before := goleak.IgnoreCurrent()
	p := newPool(t, pool.Config{})
	for range 3 {
		l := connect(t, p, target)
		ln, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			if _, err := l.Dial(t.Context(), "tcp", ln.Addr().String()); err != nil {
				t.Fatal(err)
			}
			if _, err := ln.Accept(); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	goleak.VerifyNone(t, before)
}
