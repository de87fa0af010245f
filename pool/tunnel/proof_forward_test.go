//go:build !windows

package tunnel_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"fleet/internal/forward"
	"fleet/pool/tunnel"
)

func TestAWebsiteIsBrowsedThroughEveryKindOfEnds(t *testing.T) {
	dir := t.TempDir()
	target := serveReal(t)
	for i, site := range []forward.Endpoint{
		website(t, "tcp", "127.0.0.1:0"),
		website(t, "tcp", "[::1]:0"),
		website(t, "unix", filepath.Join(dir, "site")),
	} {
		for _, kind := range []forward.Kind{forward.Local, forward.Remote} {
			socket := filepath.Join(dir, fmt.Sprintf("%s%d", kind, i))
			s := up(t, target, tunnel.Wait,
				parse(t, kind, "0", site.Address),
				parse(t, kind, "[::1]", "0", site.Address),
				parse(t, kind, "localhost", "0", site.Address),
				parse(t, kind, socket, site.Address),
			)
			for j := range s.Status() {
				at := listens(s, j)
				if !at.IsUnix() && at.Port() == 0 {
					t.Errorf("%s: no port is told", s.Status()[j].Rule)
				}
				browse(t, at)
			}
			info, err := os.Stat(socket)
			if err != nil || kind == forward.Local && info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", socket, info, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if kind == forward.Local {
				if _, err := os.Lstat(socket); !os.IsNotExist(err) {
					t.Errorf("%s is left: %v", socket, err)
				}
			}
			for j, st := range s.Status() {
				if nc, err := net.Dial(st.Listen.Network, st.Listen.Address); err == nil {
					_ = nc.Close()
					t.Errorf("forward %d, %s, still listens", j, st.Rule)
				}
			}
		}
	}
}

// TestTheEndOfOneDirectionIsPassedOn: the answer is sent when all of the question
// has been read, which only its end tells.
func TestTheEndOfOneDirectionIsPassedOnByARealServer(t *testing.T) {
	dir := t.TempDir()
	answer := func(nc net.Conn) {
		h := sha256.New()
		n, err := io.Copy(h, nc)
		if err == nil {
			_, _ = fmt.Fprintf(nc, "%x of %d bytes", h.Sum(nil), n)
		}
	}
	target := serveReal(t)
	for i, to := range []forward.Endpoint{
		tcpService(t, answer).endpoint(),
		serviceAt(t, "unix", filepath.Join(dir, "to"), answer).endpoint(),
	} {
		for _, kind := range []forward.Kind{forward.Local, forward.Remote} {
			s := up(t, target, tunnel.Wait,
				parse(t, kind, "0", to.Address),
				parse(t, kind, filepath.Join(dir, fmt.Sprintf("%s%d", kind, i)), to.Address),
			)
			for j := range s.Status() {
				at := listens(s, j)
				nc, err := net.Dial(at.Network, at.Address)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := nc.Write(big()); err != nil {
					t.Error(err)
				}
				if err := nc.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
					t.Error(err)
				}
				got, err := io.ReadAll(nc)
				if err != nil || string(got) != sum(big()) {
					t.Errorf("%s: %q, %v; want %s", s.Status()[j].Rule, got, err, sum(big()))
				}
				_ = nc.Close()
			}
		}
	}
}
