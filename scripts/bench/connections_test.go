package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"fleet/pool"
	"fleet/transport"
)

// dialsAtOnce is how many hosts are at work at one time, as with --fanout.
const dialsAtOnce = 128

// profilesEnv names a folder for profiles of the open connections.
const profilesEnv = "FLEET_BENCH_PROFILES"

// BenchmarkConnections opens connections, runs a command on each, and holds
// them all. It tells the rate, server included, and what the client process
// then takes: rss is what it has, peak is the most it had, idle-rss is what is
// left when the garbage is given back. Everything per connection is above what
// the process took before.
func BenchmarkConnections(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			targets := hosts(b, n)
			for b.Loop() {
				hold(b, targets)
			}
		})
	}
}

func hold(b *testing.B, targets []transport.Target) {
	// As the command does it for thousands of hosts.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	collect() // what an earlier round has left
	p := pool.New(pool.Config{Linger: -1})
	before := measure(b)
	start := time.Now()
	if err := runOnAll(b.Context(), p, targets); err != nil {
		b.Fatal(err)
	}
	took := time.Since(start)
	n := len(targets)
	if open := len(p.Snapshot().Connections); open != n {
		b.Fatalf("%d connections are open, not %d", open, n)
	}
	busy := measure(b)
	collect()
	idle := measure(b)
	profile(b)
	if err := runOnAll(b.Context(), p, targets[:min(n, 100)]); err != nil {
		b.Fatal("on an open connection: ", err)
	}
	if open := len(p.Snapshot().Connections); open != n {
		b.Errorf("%d connections are open at the end, not %d", open, n)
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}

	each := func(now, then uint64) float64 { return (float64(now) - float64(then)) / float64(n) / 1024 }
	b.ReportMetric(float64(n)/took.Seconds(), "conns/s")
	b.ReportMetric(float64(idle.goroutines-before.goroutines)/float64(n), "goroutines/conn")
	b.ReportMetric(each(idle.heap, before.heap), "heap-KiB/conn")
	b.ReportMetric(each(idle.stacks, before.stacks), "stack-KiB/conn")
	if idle.resident > 0 {
		b.ReportMetric(each(busy.resident, before.resident), "KiB/conn")
		b.ReportMetric(each(idle.resident, before.resident), "idle-KiB/conn")
		b.ReportMetric(float64(busy.resident)/(1<<20), "rss-MiB")
		b.ReportMetric(float64(busy.peak)/(1<<20), "peak-MiB")
		b.ReportMetric(float64(idle.resident)/(1<<20), "idle-rss-MiB")
	}
	b.ReportMetric(0, "ns/op")
}

// collect gives the garbage back. Stacks shrink by half each time.
func collect() {
	for range 3 {
		debug.FreeOSMemory()
	}
}

func runOnAll(ctx context.Context, p *pool.Pool, targets []transport.Target) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(dialsAtOnce)
	for _, t := range targets {
		g.Go(func() error { return run(ctx, p, t, transport.Command{Script: "true"}) })
	}
	return g.Wait()
}

// A usage is what the process takes, in bytes.
type usage struct {
	resident, peak uint64 // 0 where the system does not tell
	heap, stacks   uint64
	goroutines     int
}

func measure(b *testing.B) usage {
	b.Helper()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{heap: m.HeapInuse, stacks: m.StackInuse, goroutines: runtime.NumGoroutine()}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return u // not Linux
	}
	for line := range bytes.Lines(status) {
		for name, to := range map[string]*uint64{"VmRSS:": &u.resident, "VmHWM:": &u.peak} {
			rest, found := bytes.CutPrefix(line, []byte(name))
			if !found {
				continue
			}
			if _, err := fmt.Sscanf(string(rest), "%d kB", to); err != nil {
				b.Fatal(err)
			}
			*to *= 1024
		}
	}
	return u
}

// profile writes down who holds what.
func profile(b *testing.B) {
	b.Helper()
	dir := os.Getenv(profilesEnv)
	if dir == "" {
		return
	}
	for _, name := range []string{"heap", "goroutine"} {
		var text bytes.Buffer
		if err := pprof.Lookup(name).WriteTo(&text, 0); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".pprof"), text.Bytes(), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}
