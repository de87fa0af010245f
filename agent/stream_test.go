//go:build !windows

package agent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fleet/internal/sshd"
	"fleet/internal/sshd/sshdtest"
	"fleet/pool"
	"fleet/transport"
)

var here = transport.Target{Name: "here"}

// far is a listener on this machine, as a host's.
func far(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// dialer opens connections: a client, or a link.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

func (c *Client) at(t transport.Target) dialer {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return c.Dial(ctx, t, network, addr)
	}
}

// reach connects to ln by dial, and returns both ends.
func reach(t *testing.T, dial dialer, ln net.Listener) (near net.Conn, host *net.TCPConn) {
	t.Helper()
	near, err := dial(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return near, conn.(*net.TCPConn)
}

func TestAUserWhoDoesNotReadMayWrite(t *testing.T) {
	ln := far(t)
	near, host := reach(t, dial(t, serve(t, Config{Transport: transport.Local{}})).at(here), ln)
	flooded := make(chan struct{})
	go func() { // ends with host
		defer close(flooded)
		p := make([]byte, 1<<20)
		for range 64 { // more than all buffers on the way hold
			if _, err := host.Write(p); err != nil {
				return
			}
		}
	}()
	text := bytes.Repeat([]byte("upwards\n"), 1<<20)
	sent := make(chan error, 1)
	go func() { // ends when all is written
		_, err := near.Write(text)
		sent <- errors.Join(err, near.(*stream).CloseWrite())
	}()
	if got, err := io.ReadAll(host); err != nil || !bytes.Equal(got, text) {
		t.Errorf("got %d bytes of %d, %v", len(got), len(text), err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	_ = host.Close()
	<-flooded
}

func TestWhatWasWrittenBeforeACloseArrives(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: transport.Local{}}))
	text := bytes.Repeat([]byte("the last words\n"), 10_000)
	for range 20 {
		near, host := reach(t, c.at(here), far(t))
		if _, err := near.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := near.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(host); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("got %d bytes of %d, %v", len(got), len(text), err)
		}
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: got %v", err)
		}
		if _, err := near.Write(text); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v", err)
		}
	}
}

func TestAHostThatEndsTakesNothingMore(t *testing.T) {
	near, host := reach(t, dial(t, serve(t, Config{Transport: transport.Local{}})).at(here), far(t))
	if err := host.SetLinger(0); err != nil { // a reset
		t.Fatal(err)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := near.Read(make([]byte, 1)); err == nil {
		t.Errorf("Read gives %d bytes", n)
	}
	p := make([]byte, window)
	for range 3 { // the first may be on its way
		if _, err := near.Write(p); err != nil {
			return
		}
	}
	t.Error("it may write without end")
}

func TestAddressesAreThoseOfTheTransport(t *testing.T) {
	near, host := reach(t, dial(t, serve(t, Config{Transport: transport.Local{}})).at(here), far(t))
	if near.RemoteAddr().String() != host.LocalAddr().String() || near.LocalAddr().String() != host.RemoteAddr().String() {
		t.Errorf("got %v -> %v, want %v -> %v", near.LocalAddr(), near.RemoteAddr(), host.RemoteAddr(), host.LocalAddr())
	}
	if _, ok := near.RemoteAddr().(*net.TCPAddr); !ok {
		t.Errorf("it is a %T", near.RemoteAddr())
	}
}

// A client that is killed loses its sockets and says nothing.
func TestTheEndOfAClientEndsWhatItOpened(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: transport.Local{}}))
	near, host := reach(t, c.at(here), far(t))
	l, err := c.Connect(t.Context(), here)
	if err != nil {
		t.Fatal(err)
	}
	over, overHost := reach(t, l.Dial, far(t))
	ln, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*call{near.(*stream).call, over.(*stream).call, l.(*link).call, ln.(*listener).call} {
		_ = k.conn.Close()
	}
	for _, conn := range []net.Conn{host, overHost} {
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("read %d bytes", n)
		}
	}
	<-l.Done()
	if transport.KindOf(l.Err()) != transport.KindLost {
		t.Errorf("the link: got %v", l.Err())
	}
	_, _ = net.Dial("tcp", ln.Addr().String()) // wakes it where it still listens
	if err := errors.Join(l.Close(), ln.Close()); err != nil {
		t.Error(err)
	}
}

func TestAnAgentThatStopsLosesItsStreamsAndLinks(t *testing.T) {
	s := NewServer(Config{Transport: transport.Local{}})
	path := socketPath(t)
	listening := listenAt(t, path)
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), listening) }() // ends with Stop
	c := dial(t, path)
	near, host := reach(t, c.at(here), far(t))
	l, err := c.Connect(t.Context(), here)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan error, 1)
	go func() { // ends with the agent
		_, err := ln.Accept()
		accepted <- err
	}()

	s.Stop(false)
	part, partHost := reach(t, l.Dial, far(t)) // it is a part of what is under way
	if _, err := c.Dial(t.Context(), here, "tcp", "127.0.0.1:1"); !errors.As(err, new(*RefusedError)) {
		t.Errorf("something new: got %v", err)
	}
	s.Stop(true)
	if err := <-served; err != nil {
		t.Error(err)
	}
	for _, conn := range []net.Conn{near, part} {
		if _, err := conn.Read(make([]byte, 1)); transport.KindOf(err) != transport.KindLost {
			t.Errorf("Read: got %v", err)
		}
		if _, err := conn.Write([]byte("x")); transport.KindOf(err) != transport.KindLost {
			t.Errorf("Write: got %v", err)
		}
	}
	for _, conn := range []net.Conn{host, partHost} {
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("the host reads %d bytes", n)
		}
	}
	<-l.Done()
	if transport.KindOf(l.Err()) != transport.KindLost {
		t.Errorf("the link: got %v", l.Err())
	}
	if err := <-accepted; err == nil {
		t.Error("Accept goes on")
	}
	if _, err := l.Dial(t.Context(), "tcp", ln.Addr().String()); transport.KindOf(err) != transport.KindLost {
		t.Errorf("Dial: got %v", err)
	}
	if err := errors.Join(l.Close(), ln.Close()); err != nil {
		t.Error(err)
	}
	c.Else = transport.Local{}
	instead, err := c.Dial(t.Context(), here, "tcp", far(t).Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = instead.Close()
}

// wire is a way to a server, for one connection, that can be cut.
func wire(t *testing.T, to *net.TCPAddr) (addr *net.TCPAddr, cut func()) {
	t.Helper()
	ln := far(t)
	ends := make(chan net.Conn, 2)
	var work sync.WaitGroup
	work.Go(func() { // ends with the connection, or with ln
		defer close(ends)
		near, err := ln.Accept()
		if err != nil {
			return
		}
		ends <- near
		host, err := net.DialTCP("tcp", nil, to)
		if err != nil {
			t.Error(err)
			return
		}
		ends <- host
		work.Go(func() { _, _ = io.Copy(near, host) })
		work.Go(func() { _, _ = io.Copy(host, near) })
	})
	cut = sync.OnceFunc(func() {
		_ = ln.Close()
		for c := range ends {
			_ = c.Close()
		}
		work.Wait()
	})
	t.Cleanup(cut)
	return ln.Addr().(*net.TCPAddr), cut
}

func TestALostConnectionIsTold(t *testing.T) {
	_, server := sshdtest.Start(t, sshd.Config{})
	addr, cut := wire(t, server)
	p := pool.New(pool.Config{})
	t.Cleanup(func() { _ = p.Close() })
	c := dial(t, serve(t, Config{Transport: p}))
	target := transport.Target{Name: "host", Address: addr.IP.String(), Port: addr.Port, User: "user", HostKey: transport.HostKey{Policy: transport.HostKeyOff}}
	l, err := c.Connect(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	near, _ := reach(t, l.Dial, far(t))
	if err := l.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	cut()
	var lost *transport.Error
	if _, err := near.Read(make([]byte, 1)); !errors.As(err, &lost) || lost.Kind != transport.KindLost || lost.Host != "host" {
		t.Errorf("Read: got %v", err)
	}
	<-l.Done()
	if err := l.Err(); !errors.As(err, &lost) || lost.Kind != transport.KindLost || lost.Host != "host" {
		t.Errorf("the link: got %v", err)
	}
	if err := l.Ping(t.Context()); transport.KindOf(err) != transport.KindLost {
		t.Errorf("Ping: got %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestASubsystemEndsWithItsContext(t *testing.T) {
	_, addr := sshdtest.Start(t, sshd.Config{})
	p := pool.New(pool.Config{})
	t.Cleanup(func() { _ = p.Close() })
	c := dial(t, serve(t, Config{Transport: p}))
	target := transport.Target{Name: "host", Address: addr.IP.String(), Port: addr.Port, User: "user", HostKey: transport.HostKey{Policy: transport.HostKeyOff}}
	ctx, cancel := context.WithCancel(t.Context())
	f, err := c.Open(ctx, target, "sftp")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := f.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAForeignTokenOpensNothing(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: transport.Local{}}))
	for _, op := range []string{opAccept, opLinkDial, opLinkListen, opLinkPing} {
		_, _, err := c.open(t.Context(), op, &request{op: op, target: here, token: "guessed"})
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: got %v", op, err)
		}
	}
}

// silent is a transport whose hosts never answer.
type silent struct{ transport.Local }

func (silent) Dial(ctx context.Context, t transport.Target, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, &transport.Error{Op: "dial", Host: t.Label(), Kind: transport.KindCanceled, Err: context.Cause(ctx), Stopped: true}
}

func TestADialEndsWithItsContext(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: silent{}}))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.Dial(ctx, here, "tcp", "127.0.0.1:1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestAListenerOnASocketHasItsAddress(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: transport.Local{}}))
	path := filepath.Join(filepath.Dir(socketPath(t)), "s")
	ln, err := c.Listen(t.Context(), here, "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := ln.Addr().(*net.UnixAddr); !ok || a.Name != path {
		t.Errorf("got %v", ln.Addr())
	}
	if err := errors.Join(ln.Close(), ln.Close()); err != nil {
		t.Error(err)
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: got %v", err)
	}
}

func FuzzOpened(f *testing.F) {
	f.Add(encode(nil, (&opened{token: "t", local: address{"tcp", "127.0.0.1:22"}, remote: address{"unix", "/s"}}).walk))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, p []byte) {
		var m, again opened
		if decode(p, m.walk) != nil {
			return
		}
		if err := decode(encode(nil, m.walk), again.walk); err != nil || again != m {
			t.Errorf("got %+v, %v, want %+v", again, err, m)
		}
		_ = m.local.restored().String()
	})
}
