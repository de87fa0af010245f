//go:build !windows

package agent

import (
	"context"
	"io"
	"sync"
	"syscall"
	"testing"
	"time"

	"fleet/transport"
)

// An answering transport answers every command at once, and prints n bytes.
type answering struct {
	transport.Local
	n int
}

func (a answering) Run(_ context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
	if c.Started != nil {
		c.Started()
	}
	piece := make([]byte, min(a.n, 64<<10))
	for left := a.n; left > 0; left -= len(piece) {
		if _, err := c.Stdout.Write(piece[:min(left, len(piece))]); err != nil {
			return transport.Status{}, err
		}
	}
	return transport.Status{}, nil
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCommands runs `true` on 200 hosts at a time; cpu/op is that of both sides.
func BenchmarkCommands(b *testing.B) {
	c := dial(b, serve(b, Config{Transport: answering{}}))
	target := transport.Target{
		Name: "web1.example.org", Address: "192.0.2.1", Port: 22, User: "deploy",
		Login:   transport.Login{Identities: []string{"/home/deploy/.ssh/id_ed25519", "/home/deploy/.ssh/id_rsa"}, Agent: "/run/user/1000/agent"},
		HostKey: transport.HostKey{Files: []string{"/home/deploy/.ssh/known_hosts"}, GlobalFiles: []string{"/etc/ssh/ssh_known_hosts"}},
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	before, ops := cpu(), 0
	b.ReportAllocs()
	for b.Loop() {
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if _, err := c.Run(ctx, target, &transport.Command{Script: "true", Stdout: io.Discard, Stderr: io.Discard, Started: func() {}}); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
		ops += 200
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(ops), "cpu-us/op")
}

// BenchmarkOutput carries 64 MiB.
func BenchmarkOutput(b *testing.B) {
	const n = 64 << 20
	c := dial(b, serve(b, Config{Transport: answering{n: n}}))
	b.SetBytes(n)
	for b.Loop() {
		if _, err := c.Run(b.Context(), transport.Target{Name: "a"}, &transport.Command{Script: "true", Stdout: io.Discard}); err != nil {
			b.Fatal(err)
		}
	}
}
