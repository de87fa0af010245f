//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"fleet/internal/lab"
)

// patience bounds what a test waits for.
const patience = 30 * time.Second

// A terminal is a fleet with a terminal of its own, and who sits there.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	keys *os.File
	out  *transcript
}

// A transcript is what was on the screen so far.
type transcript struct {
	watched
	ended chan struct{} // closed when nobody can write any more
}

// onTerminal starts fleet with args; env are additions to a plain environment.
func onTerminal(t *testing.T, l *lab.Lab, env []string, args ...string) *terminal {
	t.Helper()
	cmd := exec.Command("fleet", args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TERM=xterm", "FLEET_AGENT=off", "FLEET_INVENTORY=" + l.Inventory,
	}, env...)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 33, Cols: 99})
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, cmd: cmd, keys: f, out: &transcript{ended: make(chan struct{})}}
	go func() { // ends with the last process on the terminal
		defer close(term.out.ended)
		_, _ = io.Copy(&term.out.watched, f)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // where it has not ended
		<-term.out.ended
		_ = f.Close()
	})
	return term
}

// expect waits until text is on the screen.
func (x *terminal) expect(text string) {
	x.t.Helper()
	deadline := time.Now().Add(patience)
	for !strings.Contains(x.out.String(), text) {
		select {
		case <-x.out.ended:
			if !strings.Contains(x.out.String(), text) {
				x.t.Fatalf("no %q in:\n%s", text, x.out.String())
			}
			return
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			x.t.Fatalf("still no %q in:\n%s", text, x.out.String())
		}
	}
}

func (x *terminal) press(keys string) {
	x.t.Helper()
	if _, err := io.WriteString(x.keys, keys); err != nil {
		x.t.Fatal(err)
	}
}

const ctrlC = "\x03"

// exits waits for the end and returns what was on the screen.
func (x *terminal) exits(status int) string {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), patience)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = x.cmd.Process.Kill() })()
	err := x.cmd.Wait()
	<-x.out.ended
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		x.t.Fatal(err)
	}
	if got := x.cmd.ProcessState.ExitCode(); got != status {
		x.t.Fatalf("exit status %d, want %d; it said:\n%s", got, status, x.out.String())
	}
	return x.out.String()
}

// terminalLab is a lab of three hosts for the rest of the test.
func terminalLab(t *testing.T) *lab.Lab {
	t.Helper()
	l, err := lab.Up(t.Context(), lab.Options{N: 3, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}
