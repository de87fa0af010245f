package sshdtest

import (
	"errors"
	"net"
	"testing"

	"fleet/internal/sshd"
)

// Start serves c for the rest of the test. Where c has no way to log in, everybody
// gets in; where it has no home folder, it gets a new one.
func Start(t testing.TB, c sshd.Config) (*sshd.Server, *net.TCPAddr) {
	t.Helper()
	if len(c.AuthorizedKeys)+len(c.UserCAs)+len(c.Questions) == 0 && c.Password == "" {
		c.NoAuth = true
	}
	if c.Home == "" {
		c.Home = t.TempDir()
	}
	s, err := sshd.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }() // ends with s.Close
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil && !errors.Is(err, sshd.ErrClosed) { // closed before it began
			t.Error(err)
		}
		_ = ln.Close()
	})
	return s, ln.Addr().(*net.TCPAddr)
}
