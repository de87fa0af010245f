package bench

import (
	"fmt"
	"testing"

	"fleet/pool"
	"fleet/transport"
)

// BenchmarkColdRun is a command on a host to which there is no connection yet,
// one host after the other: TCP, key exchange, host key, login, command, close.
func BenchmarkColdRun(b *testing.B) {
	targets := hosts(b, 200)
	p := newPool(b, pool.Config{})
	next := func(i int) {
		if err := run(b.Context(), p, targets[i%len(targets)], transport.Command{Script: "true"}); err != nil {
			b.Fatal(err)
		}
	}
	next(0) // reads known_hosts and the key
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		next(i)
	}
}

// BenchmarkWarmRun is a command on a connection that is open.
func BenchmarkWarmRun(b *testing.B) {
	for _, ahead := range []bool{false, true} {
		b.Run(fmt.Sprintf("ahead=%t", ahead), func(b *testing.B) {
			targets := hosts(b, 1)
			p := newPool(b, pool.Config{Linger: -1, OpenAhead: ahead})
			b.ReportAllocs()
			for b.Loop() {
				if err := run(b.Context(), p, targets[0], transport.Command{Script: "true"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A counter counts what it is given.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// BenchmarkRead is a command that prints 1 GB.
func BenchmarkRead(b *testing.B) {
	const size = 1_000_000_000
	targets := hosts(b, 1)
	p := newPool(b, pool.Config{Linger: -1})
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		var got counter
		c := transport.Command{Script: fmt.Sprintf("print %d", size), Stdout: &got}
		if err := run(b.Context(), p, targets[0], c); err != nil {
			b.Fatal(err)
		}
		if got != size {
			b.Fatalf("%d bytes of %d arrived", got, size)
		}
	}
}
