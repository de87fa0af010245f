//go:build !windows

package transporttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fleet/transport"
)

// connect makes a link that ends with the test.
func (s *suite) connect(t *testing.T) transport.Link {
	t.Helper()
	l, err := s.tr.Connect(t.Context(), s.target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func listenOn(t *testing.T, l transport.Link, network, addr string) net.Listener {
	t.Helper()
	ln, err := l.Listen(t.Context(), network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// meet connects to ln over l, and returns both ends.
func meet(t *testing.T, l transport.Link, ln net.Listener) (near, far net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	go func() { // ends with the first connection, or with ln
		defer close(accepted)
		if c, err := ln.Accept(); err == nil {
			accepted <- c
		}
	}()
	near, err := l.Dial(t.Context(), ln.Addr().Network(), ln.Addr().String())
	if err != nil {
		_ = ln.Close()
		<-accepted
		t.Fatal(err)
	}
	far, ok := <-accepted
	if !ok {
		t.Fatal("nothing was accepted")
	}
	t.Cleanup(func() {
		_ = near.Close()
		_ = far.Close()
	})
	return near, far
}

// says sends text over one end, ends that direction, and reads it at the other.
func says(t *testing.T, from, to net.Conn, text []byte) {
	t.Helper()
	sent := make(chan error, 1)
	go func() { // ends when all is written, or with the connection
		_, err := from.Write(text)
		sent <- errors.Join(err, from.(interface{ CloseWrite() error }).CloseWrite())
	}()
	got, err := io.ReadAll(to)
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("got %d bytes of %d, %v", len(got), len(text), err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// halves checks that each direction ends by itself.
func halves(t *testing.T, near, far net.Conn) {
	t.Helper()
	text := bytes.Repeat([]byte("some of many bytes\n"), 200_000) // more than a window
	says(t, near, far, text)
	says(t, far, near, text)
}

func (s *suite) linkTCP(t *testing.T) {
	l := s.connect(t)
	ln := listenOn(t, l, "tcp", "127.0.0.1:0")
	if a, ok := ln.Addr().(*net.TCPAddr); !ok || a.Port == 0 || !a.IP.IsLoopback() {
		t.Fatalf("listening on %v", ln.Addr())
	}
	near, far := meet(t, l, ln)
	halves(t, near, far)
	if err := l.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func (s *suite) linkUnix(t *testing.T) {
	l := s.connect(t)
	dir, err := os.MkdirTemp("", "link") // the names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil { // the target may be another user
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	ln := listenOn(t, l, "unix", path)
	if ln.Addr().Network() != "unix" || ln.Addr().String() != path {
		t.Errorf("listening on %v", ln.Addr())
	}
	near, far := meet(t, l, ln)
	halves(t, near, far)
}

func (s *suite) linkRefused(t *testing.T) {
	l := s.connect(t)
	refused := func(what string, err error) {
		t.Helper()
		if transport.KindOf(err) != transport.KindRefused {
			t.Errorf("%s: got %v of kind %q, want refused", what, err, transport.KindOf(err))
		}
	}
	_, err := l.Dial(t.Context(), "tcp", silentPort(t))
	refused("a port without a listener", err)
	_, err = l.Dial(t.Context(), "unix", filepath.Join(t.TempDir(), "none"))
	refused("no socket", err)
	_, err = l.Dial(t.Context(), "udp6", "no such")
	refused("no such network", err)
	ln := listenOn(t, l, "tcp", "127.0.0.1:0")
	_, err = l.Listen(t.Context(), "tcp", ln.Addr().String())
	refused("a port in use", err)
	if l.Err() != nil {
		t.Errorf("the link is over: %v", l.Err())
	}
}

func (s *suite) linkListenerClosed(t *testing.T) {
	l := s.connect(t)
	first, second := listenOn(t, l, "tcp", "127.0.0.1:0"), listenOn(t, l, "tcp", "127.0.0.1:0")
	near, far := meet(t, l, first)
	ended := make(chan error, 1)
	go func() { // ends with first
		_, err := first.Accept()
		ended <- err
	}()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: got %v", err)
	}
	halves(t, near, far)
	near, far = meet(t, l, second)
	halves(t, near, far)
	again := leavesPort(t, l)
	near, far = meet(t, l, again)
	halves(t, near, far)
}

// leavesPort checks that a listener that is closed leaves its port to others, and
// returns one that has it. A port that is free may be taken by anybody on the
// machine at that very moment, but not time after time.
func leavesPort(t *testing.T, l transport.Link) net.Listener {
	t.Helper()
	var err error
	for range 5 {
		ln := listenOn(t, l, "tcp", "127.0.0.1:0")
		addr := ln.Addr().String()
		if err = ln.Close(); err != nil {
			t.Fatal(err)
		}
		var c net.Conn
		if c, err = l.Dial(t.Context(), "tcp", addr); err == nil {
			_ = c.Close()
			err = errors.New("somebody answers")
			continue
		}
		if transport.KindOf(err) != transport.KindRefused {
			t.Fatalf("a closed listener: got %v", err)
		}
		var again net.Listener
		if again, err = l.Listen(t.Context(), "tcp", addr); err == nil {
			t.Cleanup(func() { _ = again.Close() })
			return again
		}
	}
	t.Fatalf("a closed listener does not leave its port: %v", err)
	return nil
}

// linkUnaccepted leaves more connections waiting than x/crypto or a bound hold.
func (s *suite) linkUnaccepted(t *testing.T) {
	l := s.connect(t)
	ln, other := listenOn(t, l, "tcp", "127.0.0.1:0"), listenOn(t, l, "tcp", "127.0.0.1:0")
	var waiting []net.Conn
	defer func() {
		for _, c := range waiting {
			_ = c.Close()
		}
	}()
	for i := range 200 {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, c)
		_, _ = c.Write([]byte{byte(i)}) // one that was turned away need not take it
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := l.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	near, far := meet(t, l, other)
	halves(t, near, far)
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	number := make([]byte, 1)
	if _, err := io.ReadFull(c, number); err != nil {
		t.Fatal(err)
	}
	says(t, c, waiting[number[0]], []byte("at last"))
}

func (s *suite) linkClosed(t *testing.T) {
	l := s.connect(t)
	ln := listenOn(t, l, "tcp", "127.0.0.1:0")
	near, far := meet(t, l, ln)
	ended := make(chan error, 3)
	go func() { // these end with the link
		_, err := ln.Accept()
		ended <- err
	}()
	for _, c := range []net.Conn{near, far} {
		go func() {
			_, err := c.Read(make([]byte, 1))
			ended <- err
		}()
	}
	select {
	case <-l.Done():
		t.Error("it is over before it is closed")
	default:
	}
	if err := l.Err(); err != nil {
		t.Errorf("it lives, and Err is %v", err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	for range 3 {
		if err := <-ended; err == nil {
			t.Error("something goes on")
		}
	}
	<-l.Done()
	if !errors.Is(l.Err(), net.ErrClosed) {
		t.Errorf("Err: got %v", l.Err())
	}
	_, dial := l.Dial(t.Context(), "tcp", ln.Addr().String())
	_, listen := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	for op, err := range map[string]error{"dial": dial, "listen": listen, "ping": l.Ping(t.Context())} {
		if transport.KindOf(err) != transport.KindLost {
			t.Errorf("%s: got %v of kind %q, want lost", op, err, transport.KindOf(err))
		}
	}
}

func (s *suite) linkEndedContext(t *testing.T) {
	l := s.connect(t)
	gaveUp := errors.New("gave up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gaveUp)
	_, connect := s.tr.Connect(ctx, s.target)
	_, dial := l.Dial(ctx, "tcp", "127.0.0.1:1")
	_, listen := l.Listen(ctx, "tcp", "127.0.0.1:0")
	for op, err := range map[string]error{"connect": connect, "dial": dial, "listen": listen, "ping": l.Ping(ctx)} {
		if !errors.Is(err, gaveUp) || transport.KindOf(err) != transport.KindCanceled {
			t.Errorf("%s: got %v of kind %q, want canceled", op, err, transport.KindOf(err))
		}
	}
	if err := l.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
