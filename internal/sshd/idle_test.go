package sshd

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"
)

// BenchmarkIdleConnection tells what one logged-in connection costs the
// server. The clients are in a process of their own.
func BenchmarkIdleConnection(b *testing.B) {
	const clients = 500
	s, err := New(Config{NoAuth: true})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	defer func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
		if err := <-served; err != nil {
			b.Error(err)
		}
	}()
	used := func() (heap, stack uint64, goroutines int) {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // stacks shrink in the second one
		runtime.ReadMemStats(&m)
		return m.HeapInuse, m.StackInuse, runtime.NumGoroutine()
	}
	for b.Loop() {
		heap, stack, goroutines := used()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("SSHD_TEST_IDLE=%s %d", l.Addr(), clients))
		in, err := cmd.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
			b.Fatalf("got %q, %v", line, err)
		}
		heap2, stack2, goroutines2 := used()
		b.ReportMetric(float64(heap2-heap)/clients/1024, "heap-KiB/conn")
		b.ReportMetric(float64(stack2-stack)/clients/1024, "stack-KiB/conn")
		b.ReportMetric(float64(goroutines2-goroutines)/clients, "goroutines/conn")
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// idleClient is the other process: it connects and waits for its stdin to end.
func idleClient(spec string) {
	var n int
	addr, count, _ := strings.Cut(spec, " ")
	if _, err := fmt.Sscan(count, &n); err != nil {
		panic(err)
	}
	var g errgroup.Group
	g.SetLimit(32)
	for range n {
		g.Go(func() error {
			_, err := ssh.Dial("tcp", addr, &ssh.ClientConfig{User: "op", HostKeyCallback: ssh.InsecureIgnoreHostKey()})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		panic(err)
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
}
