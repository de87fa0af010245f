package bench

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// fleetEnv names the binary that is measured.
const fleetEnv = "FLEET"

// quickEnv makes everything small.
const quickEnv = "FLEET_BENCH_QUICK"

// patience is how long anything may take.
const patience = time.Minute

// sized is the number for a whole run, or for a quick one.
func sized(whole, quick int) int {
	if os.Getenv(quickEnv) != "" {
		return quick
	}
	return whole
}

func fleetBinary(b *testing.B) string {
	b.Helper()
	path := os.Getenv(fleetEnv)
	if path == "" {
		b.Skipf("%s names no fleet to measure", fleetEnv)
	}
	return path
}

// A forwarder is a program with one tunnel.
type forwarder struct {
	name   string
	cmd    *exec.Cmd
	listen string
}

// startFleet is "fleet tunnel -L" to addr, when it is ready.
func startFleet(b *testing.B, s *realSSHD, config, addr string) *forwarder {
	b.Helper()
	cmd := s.client(fleetBinary(b), "tunnel", "-q", "-F", config, "-w", realName, "-L", "0:"+addr, "--wait", "--format", "json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	f := start(b, "fleet", cmd)
	var list []struct{ Listen, State string }
	if err := json.NewDecoder(out).Decode(&list); err != nil || len(list) != 1 {
		b.Fatal("fleet tunnel: ", list, err)
	}
	f.listen = list[0].Listen
	return f
}

// startSSH is "ssh -L" to addr, when it is ready.
func startSSH(b *testing.B, s *realSSHD, name, config, addr string, more ...string) *forwarder {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") // ssh cannot choose a port by itself
	if err != nil {
		b.Fatal(err)
	}
	listen := ln.Addr().String()
	_ = ln.Close()
	args := append([]string{"-N", "-F", config, "-o", "ExitOnForwardFailure=yes", "-L", listen + ":" + addr}, more...)
	f := start(b, name, s.client("ssh", append(args, realName)...))
	f.listen = listen
	for limit := time.Now().Add(patience); ; {
		if echoes(listen, time.Second) == nil {
			return f
		}
		if time.Now().After(limit) {
			b.Fatal("ssh -L does not come up")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// start starts a program that ends with the benchmark.
func start(b *testing.B, name string, cmd *exec.Cmd) *forwarder {
	b.Helper()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	f := &forwarder{name: name, cmd: cmd}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		late := time.AfterFunc(10*time.Second, func() {
			b.Errorf("%s does not end", name)
			_ = cmd.Process.Kill()
		})
		defer late.Stop()
		_ = cmd.Wait() // it was interrupted
	})
	return f
}

// cpu is the processor time taken so far. Linux counts it in hundredths of a
// second.
func (f *forwarder) cpu(b *testing.B) time.Duration {
	b.Helper()
	text := f.proc(b, "stat")
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is the most memory taken so far, and what is taken now, in bytes.
func (f *forwarder) memory(b *testing.B) (peak, now float64) {
	b.Helper()
	for line := range strings.Lines(f.proc(b, "status")) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmHWM":
			_, _ = fmt.Sscan(value, &peak)
		case "VmRSS":
			_, _ = fmt.Sscan(value, &now)
		}
	}
	return peak * 1024, now * 1024
}

// descriptors is how many files are open.
func (f *forwarder) descriptors(b *testing.B) int {
	b.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", f.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	return len(list)
}

func (f *forwarder) proc(b *testing.B, name string) string {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", f.cmd.Process.Pid, name))
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}
