//go:build !windows

package tunnel_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
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

// BenchmarkManyConnections holds 2,000 connections over one tunnel, and reports the
// memory of the process that has it: when each has said a word, and when each has
// received 256 KB.
func BenchmarkManyConnections(b *testing.B) {
	for b.Loop() {
		manyConnections(b, 2000)
	}
}

func manyConnections(b *testing.B, n int) {
	const burst = 256 << 10
	service := tcpService(b, func(nc net.Conn) {
		var size [4]byte
		for {
			if _, err := io.ReadFull(nc, size[:]); err != nil {
				return
			}
			if _, err := nc.Write(make([]byte, binary.BigEndian.Uint32(size[:]))); err != nil {
				return
			}
		}
	})
	h := startHelper(b, helperTask{Port: serve(b, sshd.Config{}).Port, Rule: service.local()})
	conns := make([]net.Conn, n)
	for i := range conns {
		nc, err := net.Dial("tcp", h.listen)
		if err != nil {
			b.Fatal(err)
		}
		defer nc.Close()
		conns[i] = nc
	}
	ask := func(size int) {
		for _, nc := range conns {
			if _, err := nc.Write(binary.BigEndian.AppendUint32(nil, uint32(size))); err != nil {
				b.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, nc, int64(size)); err != nil {
				b.Fatal(err)
			}
		}
	}
	ask(5)
	b.ReportMetric(h.memory(b), "MB-idle")
	ask(burst)
	b.ReportMetric(h.memory(b), "MB-burst")
}

// A helper is the process that holds a tunnel.
type helper struct {
	listen string
	in     io.WriteCloser
	out    *bufio.Reader
}

func startHelper(b *testing.B, task helperTask) *helper {
	b.Helper()
	text, err := json.Marshal(task)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+string(text))
	cmd.Stderr = os.Stderr
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
	b.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	h := &helper{in: in, out: bufio.NewReader(out)}
	h.listen = h.line(b)
	return h
}

func (h *helper) line(b *testing.B) string {
	b.Helper()
	line, err := h.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// memory is the resident memory in MB.
func (h *helper) memory(b *testing.B) float64 {
	b.Helper()
	if _, err := io.WriteString(h.in, "\n"); err != nil {
		b.Fatal(err)
	}
	line := h.line(b)
	b.Log("RSS, peak RSS (KB), goroutines, heap, stacks (KB):", line)
	var kb float64
	_, _ = fmt.Sscan(line, &kb)
	return kb / 1024
}
