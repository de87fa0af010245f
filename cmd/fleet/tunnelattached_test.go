//go:build unix

package main

import (
	"context"
	"os/exec"
	"syscall"
	"testing"
)

func TestNoCommandIsStartedForSomebodyWhoLeaves(t *testing.T) {
	over, cancel := context.WithCancelCause(t.Context())
	cancel(&signaled{syscall.SIGINT})
	for _, tt := range []struct {
		about  string
		ctx    context.Context
		signal bool
		want   int
	}{
		{"the tunnels are closing", over, false, 130},
		{"a signal as it would start", t.Context(), true, 143},
	} {
		a := &attachment{cmd: exec.Command("true")}
		if tt.signal {
			a.signal(syscall.SIGTERM)
		}
		err := a.start(tt.ctx)
		if exitStatus(err) != tt.want || a.cmd.Process != nil {
			t.Errorf("%s: got %v, process %v", tt.about, err, a.cmd.Process)
		}
	}
}

func TestTheTerminalsCtrlCIsForTheCommand(t *testing.T) {
	a := &attachment{cmd: exec.Command("sleep", "60"), terminal: true}
	if err := a.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.signal(syscall.SIGINT)
	if err := a.ended(); err != nil {
		t.Errorf("Ctrl-C ended it: %v", err)
	}
	a.signal(syscall.SIGTERM)
	_ = a.cmd.Wait()
	if got := shellStatus(a.cmd.ProcessState); got != 143 || exitStatus(a.ended()) != 143 {
		t.Errorf("the command ended with %d, fleet with %v; want 143", got, a.ended())
	}
}
