//go:build !windows

package tunnel_test

import (
	"io"
	"net"
	"testing"

	"fleet/internal/sshd"
	"fleet/pool/tunnel"
)

// BenchmarkConnect is one connection after the other: opened, one word, closed.
func BenchmarkConnect(b *testing.B) {
	s, err := tunnel.New(tunnel.Config{Transport: newPool(b)}, []tunnel.Spec{{Target: serve(b, sshd.Config{}), Rules: append(dynamics()[:0], tcpService(b, echo).local())}})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	s.Start(b.Context())
	if err := s.Ready(b.Context()); err != nil {
		b.Fatal(err)
	}
	at := s.Status()[0].Listen
	word := make([]byte, 5)
	for b.Loop() {
		nc, err := net.Dial(at.Network, at.Address)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := nc.Write(word); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(nc, word); err != nil {
			b.Fatal(err)
		}
		_ = nc.Close()
	}
}
