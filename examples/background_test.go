//go:build unix

package examples_test

import (
	"bytes"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// patience bounds what is waited for.
const patience = 30 * time.Second

// eventually waits until what holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// A running fleet is one that was started in the background.
type running struct {
	cmd   *exec.Cmd
	ended chan struct{}
	mu    sync.Mutex
	said  bytes.Buffer // guarded by mu: standard output and error
}

// start starts fleet. It is killed where the test ends before it does.
func (p *project) start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{cmd: p.command(program, args...), ended: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = r, r
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the process
		defer close(r.ended)
		_ = r.cmd.Wait() // its status is asked for
	}()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.ended
		if t.Failed() {
			t.Logf("fleet %q said:\n%s", args, r.output())
		}
	})
	return r
}

// Write implements io.Writer.
func (r *running) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(b)
}

func (r *running) output() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// wait returns the exit status; -1 where a signal ended it.
func (r *running) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(patience):
		t.Fatalf("fleet does not end; it said:\n%s", r.output())
	}
	return r.cmd.ProcessState.ExitCode()
}

// send sends a signal.
func (r *running) send(t *testing.T, s os.Signal) {
	t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
