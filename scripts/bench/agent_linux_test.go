package bench

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startAgent starts an agent for the clients of s, when it is ready. It ends with
// the benchmark.
func startAgent(b *testing.B, s *realSSHD) (agent *forwarder, socket string) {
	b.Helper()
	cmd := s.client(fleetBinary(b), "agent", "run")
	cmd.Env = append(cmd.Env, "FLEET_AGENT=auto")
	agent = start(b, "the agent", cmd)
	socket = filepath.Join(s.dir, "fleet", "agent.sock")
	for limit := time.Now().Add(patience); ; {
		nc, err := net.Dial("unix", socket)
		if err == nil {
			_ = nc.Close()
			return agent, socket
		}
		if time.Now().After(limit) {
			b.Fatal("the agent does not come up: ", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// through is a run of fleet on the host of config by an agent, or without one
// where the socket is empty. All settings of a user's are off.
func (s *realSSHD) through(b *testing.B, socket, config, command string) *exec.Cmd {
	b.Helper()
	cmd := s.client(fleetBinary(b), "run", "-F", config, "-w", realName, "--", command)
	if socket == "" {
		socket = "off"
	}
	cmd.Env = append(cmd.Env, "FLEET_AGENT="+socket)
	return cmd
}

// BenchmarkAgentFar runs a command on a host that is 50 ms away, over a connection
// that is open: by fleet and its agent, and by ssh and its master.
func BenchmarkAgentFar(b *testing.B) {
	const roundTrip = 50 * time.Millisecond
	rounds := sized(31, 5)
	s := startSSHD(b)
	far := startFar(b, s.port, roundTrip)
	_, socket := startAgent(b, s) // it ends before the way that it holds connections on
	for b.Loop() {
		for _, way := range []struct {
			port int
			name string
			unit time.Duration
		}{
			{far, "-round-trips", roundTrip},
			{s.port, "-near-ms", time.Millisecond},
		} {
			control := filepath.Join(s.dir, fmt.Sprint("mux", way.port))
			config := s.clientConfig(b, way.port)
			master := s.write(b, fmt.Sprint("ssh_config.mux", way.port), s.hostConfig(b, realName, way.port,
				"ControlMaster auto", "ControlPath "+control, "ControlPersist 120"))
			took := map[string][]float64{}
			for i := range rounds + 1 {
				fleet := spend(b, s.through(b, socket, config, "true"))
				ssh := spend(b, s.muxed(master))
				if i > 0 { // the first opens the connection
					took["fleet"] = append(took["fleet"], fleet.wall/way.unit.Seconds())
					took["ssh"] = append(took["ssh"], ssh.wall/way.unit.Seconds())
				}
			}
			for name, all := range took {
				b.ReportMetric(middle(all), name+way.name)
			}
			_ = s.client("ssh", "-F", master, "-O", "exit", realName).Run() // else it ends by itself, later
		}
	}
	b.ReportMetric(0, "ns/op")
}

// muxed is a run of ssh by its master, which keeps standard error open.
func (s *realSSHD) muxed(config string) *exec.Cmd {
	cmd := s.client("ssh", "-F", config, realName, "true")
	cmd.Stderr = nil
	return cmd
}

// BenchmarkAgentStream is a command that prints a lot, with an agent and without.
func BenchmarkAgentStream(b *testing.B) {
	size, rounds := int64(sized(1000, 50))*1_000_000, sized(3, 1)
	s := startSSHD(b)
	config := s.clientConfig(b, s.port)
	agent, socket := startAgent(b, s)
	command := fmt.Sprintf("yes %s | head -c %d", strings.Repeat("x", 99), size)
	for b.Loop() {
		all := costs{}
		for range rounds {
			all.add("alone", stream(b, s.through(b, "", config, command), size))
			before := agent.cpu(b)
			one := stream(b, s.through(b, socket, config, command), size)
			one.cpu += (agent.cpu(b) - before).Seconds()
			all.add("agent", one)
		}
		all.report(b)
	}
	b.ReportMetric(float64(size)/1e6, "MB")
}

// stream spends a client that prints size bytes, besides the prefixes of lines.
func stream(b *testing.B, client *exec.Cmd, size int64) cost {
	b.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	client.Stdout = w
	got := make(chan int64, 1)
	go func() { // ends when nobody holds the pipe open any more
		n, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, chunk))
		got <- n
	}()
	c := spend(b, client)
	_ = w.Close()
	n := <-got
	_ = r.Close()
	if want := size + size/100*int64(len(realName+": ")); n != want {
		b.Fatalf("%d bytes were printed, not %d", n, want)
	}
	return c
}
