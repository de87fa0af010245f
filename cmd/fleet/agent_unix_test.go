//go:build !windows

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/spf13/cobra"

	"fleet/agent"
	"fleet/internal/lab"
)

// An agentHome is a user who may have an agent, and some hosts.
type agentHome struct {
	t   *testing.T
	env []string
	dir string // for sockets
}

func newAgentHome(t *testing.T, hosts int, config string) *agentHome {
	t.Helper()
	home := t.TempDir()
	dir, err := os.MkdirTemp("", "fl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h := &agentHome{t: t, dir: dir, env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + dir}}
	if hosts > 0 {
		l, err := lab.Up(t.Context(), lab.Options{N: hosts, Dir: filepath.Join(home, "lab")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
		h.env = append(h.env, "FLEET_INVENTORY="+l.Inventory)
	}
	if config != "" {
		folder := filepath.Join(home, ".config", "fleet")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "config.hcl"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { endAgent(t.Logf, h.env) })
	return h
}

func (h *agentHome) command(args ...string) *exec.Cmd {
	cmd := exec.Command("fleet", args...)
	cmd.Env = h.env
	return cmd
}

// status is what "fleet agent status --format json" says.
func (h *agentHome) status() (s agent.Status) {
	h.t.Helper()
	out, err := h.command("agent", "status", "--format", "json").Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		h.t.Fatalf("fleet agent status: %v: %s", err, out)
	}
	return s
}

func TestNoAgentIsSaidToRunThatIsAboutToEnd(t *testing.T) {
	h := newAgentHome(t, 1, "")
	if out, err := h.command("agent", "start").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	gate := filepath.Join(h.dir, "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	work := h.command("run", "-a", "--", "echo begun; cat "+gate)
	begun, err := work.StdoutPipe()
	if err == nil {
		err = work.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(begun).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	stop := h.command("agent", "stop")
	if err := stop.Start(); err != nil {
		t.Fatal(err)
	}
	for !h.status().Draining { // it says so before it waits
	}
	out, err := h.command("agent", "start").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "is about to end") || !strings.Contains(string(out), "\nhint: ") {
		t.Errorf("while it drains: %v: %s", err, out)
	}
	if err := os.WriteFile(gate, nil, 0); err != nil { // cat ends
		t.Error(err)
	}
	if err := errors.Join(work.Wait(), stop.Wait()); err != nil {
		t.Error(err)
	}
	if out, err := h.command("agent", "start").CombinedOutput(); err != nil || !strings.Contains(string(out), "The agent runs") {
		t.Errorf("afterwards: %v: %s", err, out)
	}
}

func TestCommandsAtOneTimeStartOneAgent(t *testing.T) {
	h := newAgentHome(t, 1, "agent {\n  auto = true\n}\n")
	var all sync.WaitGroup
	said := make([][]byte, 8)
	for i := range said {
		all.Go(func() {
			out, err := h.command("run", "-q", "-w", "lab01", "--", "hostname").CombinedOutput()
			said[i] = out
			if err != nil {
				t.Errorf("fleet run: %v: %s", err, out)
			}
		})
	}
	all.Wait()
	for _, out := range said {
		if string(out) != "lab01: lab01\n" {
			t.Errorf("fleet run printed %q", out)
		}
	}
	logs, err := filepath.Glob(filepath.Join(filepath.Dir(h.home()), "*", ".local", "state", "fleet", "agent.log"))
	if err != nil || len(logs) != 1 {
		t.Fatal(logs, err)
	}
	log, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(log, []byte("the agent is ready")); n != 1 {
		t.Errorf("%d agents were started:\n%s", n, log)
	}
	if s := h.status(); len(s.Connections) != 1 {
		t.Errorf("the agent has %d connections", len(s.Connections))
	}
}

func (h *agentHome) home() string {
	for _, v := range h.env {
		if home, ok := strings.CutPrefix(v, "HOME="); ok {
			return home
		}
	}
	return ""
}

// The agent serves the socket that systemd has made, which stays when it ends.
func TestSystemdStartsTheAgent(t *testing.T) {
	h := newAgentHome(t, 1, "")
	if err := os.Mkdir(filepath.Join(h.dir, "fleet"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(h.dir, "fleet", agentName)
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := ln.File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	words := strings.Fields(unitCommand(t))
	if words[0] != "fleet" {
		t.Fatalf("the unit starts %q", words[0])
	}
	// The shell becomes fleet: so fleet has the number that the variable tells.
	cmd := exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`}, words...)...)
	cmd.Env, cmd.ExtraFiles = h.env, []*os.File{socket}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It waits in the socket's queue until the agent is there.
	out, err := h.command("run", "-q", "-w", "lab01", "--", "hostname").CombinedOutput()
	if err != nil || string(out) != "lab01: lab01\n" {
		t.Errorf("fleet run: %v: %s", err, out)
	}
	if s := h.status(); s.PID != cmd.Process.Pid || len(s.Connections) != 1 {
		t.Errorf("process %d has %d connections", s.PID, len(s.Connections))
	}
	if out, err := h.command("agent", "stop").CombinedOutput(); err != nil {
		t.Errorf("fleet agent stop: %v: %s", err, out)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the agent: %v: %s", err, log.String())
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("systemd's socket is gone: %v", err)
	}
}

// unitCommand is the command line of the unit in contrib.
func unitCommand(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "contrib", "systemd", "user", "fleet-agent.service"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^ExecStart=(.+)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no ExecStart in:\n%s", text)
	}
	return string(found[1])
}

func TestUnitsNameFlagsAndTheSocketOfTheCommand(t *testing.T) {
	cmd, flags, err := newRootCommand(newApp(env{lookup: os.LookupEnv})).Find(strings.Fields(unitCommand(t))[1:])
	if err != nil || cmd.CommandPath() != "fleet agent run" {
		t.Fatal(cmd.CommandPath(), err)
	}
	if err := cmd.ParseFlags(flags); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "contrib", "systemd", "user", "fleet-agent.socket"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "\nListenStream=%t/fleet/" + agentName + "\n"; !bytes.Contains(text, []byte(want)) {
		t.Errorf("the socket unit has no %q", want)
	}
	if !slices.ContainsFunc(cmd.Parent().Commands(), func(c *cobra.Command) bool { return c.Name() == "run" }) {
		t.Error("fleet agent has no run")
	}
}

func TestMetricsAreServedToThisMachineAlone(t *testing.T) {
	h := newAgentHome(t, 0, "")
	out, err := h.command("agent", "start", "--metrics", "127.0.0.1:0").CombinedOutput()
	if err != nil {
		t.Fatalf("fleet agent start: %v: %s", err, out)
	}
	log, err := os.ReadFile(filepath.Join(h.home(), ".local", "state", "fleet", "agent.log"))
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://127[^"]+`).Find(log)
	for name, want := range map[string]int{"": http.StatusOK, "localhost:1": http.StatusOK, "rebound.example.com": http.StatusForbidden} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, string(url), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = name
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("as %q: %s", name, answer.Status)
		}
		if want == http.StatusOK && !strings.Contains(body.String(), "fleet_agent_") {
			t.Errorf("no metrics in %s", body.String())
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if info, err := os.Stat(filepath.Join(h.home(), ".local", "state", "fleet", "agent.log")); err != nil || info.Mode().Perm() != 0o600 {
		t.Error("the log of the agent is for others as well", fmt.Sprint(info.Mode()), err)
	}
}
