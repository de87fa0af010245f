//go:build !windows

package transporttest

import (
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"fleet/transport"
)

func (s *suite) dial(t *testing.T) {
	ln, err := s.tr.Listen(t.Context(), s.target, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { // ends with the first connection, or when ln is closed
		c, err := ln.Accept()
		if err == nil {
			_, err = io.Copy(c, c)
			_ = c.Close()
		}
		served <- err
	}()
	c, err := s.tr.Dial(t.Context(), s.target, "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("there and back\n", 10_000)
	go func() { // ends when all is written or the connection is closed
		_, _ = io.WriteString(c, text)
		_ = c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil || string(got) != text {
		_ = c.Close()
		_ = ln.Close()
		t.Fatalf("got %d bytes back of %d, %v; the other side: %v", len(got), len(text), err, <-served)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
}

func (s *suite) refusedDial(t *testing.T) {
	addr := silentPort(t)
	if _, err := s.tr.Dial(t.Context(), s.target, "tcp", addr); transport.KindOf(err) != transport.KindRefused {
		t.Errorf("got %v of kind %q, want refused", err, transport.KindOf(err))
	}
}

// silentPort is an address that is taken, so that nobody else gets it, and at
// which nobody listens.
func silentPort(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
}
