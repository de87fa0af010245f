//go:build unix

package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"fleet/internal/lab"
)

// An agentScene is a lab, and a home in which an agent may run.
type agentScene struct {
	lab    *lab.Lab
	home   string
	socket string
	mark   string // a time that nobody else sleeps
}

func newAgentScene(t *testing.T, hosts int, faults ...string) *agentScene {
	t.Helper()
	dir, err := os.MkdirTemp("", "fleet") // names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	s := &agentScene{home: dir, socket: filepath.Join(dir, "run", "fleet", "agent.sock"), mark: newMark()}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Mkdir(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.lab, err = lab.Up(context.Background(), lab.Options{N: hosts, Dir: filepath.Join(dir, "lab"), Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.lab.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// hosts is a pattern for the hosts of the lab from one to before another.
func (s *agentScene) hosts(from, to int) string {
	return "lab[" + s.lab.Hosts[from].Name[3:] + "-" + s.lab.Hosts[to-1].Name[3:] + "]"
}

// A scenePart is a process of a scene.
type scenePart struct {
	*exec.Cmd
	out, err bytes.Buffer
}

// fleet is a command of fleet, not yet started. agent is FLEET_AGENT.
func (s *agentScene) fleet(t *testing.T, agent string, args ...string) *scenePart {
	t.Helper()
	path, err := exec.LookPath("fleet")
	if err != nil {
		t.Fatal(err)
	}
	p := &scenePart{Cmd: exec.Command(path, args...)}
	p.Dir = s.home
	p.Stdout, p.Stderr = &p.out, &p.err
	p.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "LC_ALL=C", "XDG_RUNTIME_DIR=" + filepath.Join(s.home, "run"),
		"XDG_STATE_HOME=" + filepath.Join(s.home, "state"), "FLEET_INVENTORY=" + s.lab.Inventory, "FLEET_AGENT=" + agent,
	}
	return p
}

func (p *scenePart) start(t *testing.T) *scenePart {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// status waits for the end, and is the exit status; -1 where a signal ended it.
func (p *scenePart) status() int {
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}

func (p *scenePart) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// agent starts an agent that ends with the test, unless the test has ended it.
func (s *agentScene) agent(t *testing.T) *scenePart {
	t.Helper()
	p := s.fleet(t, "auto", "agent", "run").start(t)
	t.Cleanup(func() {
		if p.ProcessState == nil {
			p.signal(t, syscall.SIGINT)
			p.signal(t, syscall.SIGINT)
			if got := p.status(); got != 0 {
				t.Errorf("the agent ended with status %d: %s", got, p.err.String())
			}
		}
	})
	eventually(t, "the agent is ready", func() bool {
		nc, err := net.Dial("unix", s.socket)
		if err == nil {
			_ = nc.Close()
		}
		return err == nil
	})
	return p
}
