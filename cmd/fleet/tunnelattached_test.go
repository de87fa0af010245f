//go:build unix

package main

import (
	"context"
	"errors"
	"os/exec"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"fleet/pool/credential"
	"fleet/pool/tunnel"
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

func TestNobodyIsAskedWhileTheCommandHasTheTerminal(t *testing.T) {
	x := &tunneling{app: newApp(*runtimeEnv(t))}
	if _, err := x.answer(t.Context(), credential.Question{Text: "Password: "}); !errors.Is(err, errAttached) {
		t.Errorf("got %v", err)
	}
}

// A drainingSet has one connection less each time somebody looks.
type drainingSet struct {
	tunnelSet
	open int64
}

func (s *drainingSet) Status() []tunnel.Status {
	s.open = max(s.open-1, 0)
	return []tunnel.Status{{Open: s.open}}
}

func TestWhatACommandWroteLastMayArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &drainingSet{open: 5}
		x := &tunneling{set: s}
		x.drain(t.Context())
		if s.open != 0 {
			t.Errorf("%d connections are cut", s.open)
		}
		s.open = 1 << 40 // one that stays, as of a server in the background
		begun := time.Now()
		if x.drain(t.Context()); time.Since(begun) != drainTime {
			t.Errorf("it waited %v, want %v", time.Since(begun), drainTime)
		}
	})
}
