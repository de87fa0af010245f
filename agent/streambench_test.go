//go:build !windows

package agent

import (
	"io"
	"net"
	"testing"

	"fleet/transport"
)

// BenchmarkStream moves bytes to a host and back, with and without the agent.
func BenchmarkStream(b *testing.B) {
	for name, tr := range map[string]transport.Transport{
		"agent": dial(b, serve(b, Config{Transport: transport.Local{}})), "direct": transport.Local{},
	} {
		b.Run(name, func(b *testing.B) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer ln.Close()
			go func() { // ends with the connection
				if c, err := ln.Accept(); err == nil {
					_, _ = io.Copy(c, c)
					_ = c.Close()
				}
			}()
			c, err := tr.Dial(b.Context(), here, "tcp", ln.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			p := make([]byte, 32<<10)
			b.SetBytes(int64(len(p)))
			go func() {
				for range b.N {
					if _, err := c.Write(p); err != nil {
						return
					}
				}
			}()
			if _, err := io.CopyN(io.Discard, c, int64(b.N)*int64(len(p))); err != nil {
				b.Error(err)
			}
		})
	}
}
