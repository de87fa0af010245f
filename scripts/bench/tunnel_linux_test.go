package bench

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"time"
)

// gcm is the cipher with which both sides are compared besides their own choices.
const gcm = "aes128-gcm@openssh.com"

// BenchmarkTunnelThroughput moves much through "fleet tunnel -L" and "ssh -L", in
// turns, in both directions: down is from the host. It tells the medians of speed
// and of the processor time of the client.
func BenchmarkTunnelThroughput(b *testing.B) {
	fleetBinary(b)
	size, rounds := int64(sized(600, 60))*1_000_000, sized(3, 1)
	s, service := startSSHD(b), startService(b)
	config := s.clientConfig(b, s.port)
	b.Logf("ciphers: fleet=%s ssh=%s", s.cipher(b, config, false), s.cipher(b, config, true))
	tunnels := []*forwarder{
		startFleet(b, s, config, service),
		startSSH(b, s, "ssh", config, service),
		startSSH(b, s, "ssh-gcm", config, service, "-c", gcm),
	}
	for b.Loop() {
		speed, cpu := map[string][]float64{}, map[string][]float64{}
		for range rounds {
			for _, f := range tunnels {
				for op, name := range map[byte]string{opSend: "down", opReceive: "up"} {
					used, began := f.cpu(b), time.Now()
					if err := move(f.listen, op, size); err != nil {
						b.Fatalf("%s, %s: %v", f.name, name, err)
					}
					key := f.name + "-" + name
					speed[key] = append(speed[key], float64(size)/1e6/time.Since(began).Seconds())
					cpu[key] = append(cpu[key], (f.cpu(b)-used).Seconds()/(float64(size)/1e9))
				}
			}
		}
		for key := range speed {
			b.ReportMetric(middle(speed[key]), key+"-MB/s")
			b.ReportMetric(middle(cpu[key]), key+"-s/GB")
		}
	}
	b.ReportMetric(0, "ns/op")
}

func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// BenchmarkTunnelConnections holds many connections over one tunnel. Each has had
// 16 KiB sent back and compared.
func BenchmarkTunnelConnections(b *testing.B) {
	fleetBinary(b)
	n := sized(2000, 500)
	s, service := startSSHD(b), startService(b)
	config := s.clientConfig(b, s.port)
	for b.Loop() {
		for _, f := range []*forwarder{startFleet(b, s, config, service), startSSH(b, s, "ssh", config, service)} {
			conns, err := open(f.listen, n)
			if err != nil {
				b.Error(f.name, err)
			}
			peak, now := f.memory(b)
			b.ReportMetric(peak/1e6, f.name+"-peak-MB")
			b.ReportMetric(now/1e6, f.name+"-MB")
			b.ReportMetric(float64(len(conns)), f.name+"-conns")
			for _, nc := range conns {
				_ = nc.Close()
			}
		}
	}
	b.ReportMetric(0, "ns/op")
}

// open opens connections that work, at most n.
func open(addr string, n int) (conns []net.Conn, err error) {
	for i := range n {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			return conns, err
		}
		if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
			return conns, err
		}
		if err := echo(nc, pattern(i, 16<<10)); err != nil {
			_ = nc.Close()
			return conns, fmt.Errorf("connection %d: %w", i, err)
		}
		conns = append(conns, nc)
	}
	return conns, nil
}

// BenchmarkTunnelLoop is connections one after another. It tells what the process
// has more of afterwards than after a first tenth of them.
func BenchmarkTunnelLoop(b *testing.B) {
	fleetBinary(b)
	n := sized(10000, 1000)
	s, service := startSSHD(b), startService(b)
	config := s.clientConfig(b, s.port)
	for b.Loop() {
		f := startFleet(b, s, config, service)
		again := func(n int) {
			for range n {
				if err := echoes(f.listen, patience); err != nil {
					b.Fatal(err)
				}
			}
		}
		again(n / 10)
		files := f.settled(b)
		_, before := f.memory(b)
		began := time.Now()
		again(n)
		took := time.Since(began)
		left := f.settled(b)
		_, after := f.memory(b)
		b.ReportMetric(float64(left-files), "files-more")
		b.ReportMetric((after-before)/1e6, "MB-more")
		b.ReportMetric(after/1e6, "MB")
		b.ReportMetric(float64(n)/took.Seconds(), "conns/s")
	}
	b.ReportMetric(0, "ns/op")
}

// settled is how many files are open when no connection is: the last one may be
// closing.
func (f *forwarder) settled(b *testing.B) int {
	b.Helper()
	least := f.descriptors(b)
	for same := 0; same < 20; same++ {
		time.Sleep(10 * time.Millisecond)
		if now := f.descriptors(b); now < least {
			least, same = now, 0
		}
	}
	return least
}
