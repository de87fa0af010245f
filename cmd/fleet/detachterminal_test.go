//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleet/internal/lab"
)

// detachedOn starts a run on a terminal that goes on in the background.
func detachedOn(t *testing.T, l *lab.Lab, args ...string) (x *terminal, state string) {
	t.Helper()
	state = t.TempDir()
	env := []string{"XDG_STATE_HOME=" + state, "NO_COLOR=1", "FLEET_AGENT=off"}
	return onTerminal(t, l, env, append([]string{"run", "--detach"}, args...)...), state
}

// ofRuns is what "fleet runs" says with args.
func ofRuns(t *testing.T, state string, args ...string) string {
	t.Helper()
	cmd := exec.Command("fleet", append([]string{"runs"}, args...)...)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+state)
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("fleet runs %q: %v\n%s", args, err, said)
	}
	return string(said)
}

var runID = regexp.MustCompile(`(?m)^\d{8}-\d{6}-[0-9a-f]+\r?$`)

func TestARunInTheBackgroundOutlivesItsTerminal(t *testing.T) {
	t.Parallel()
	l := terminalLab(t)
	held := filepath.Join(t.TempDir(), "held")
	x, state := detachedOn(t, l, "-w", "lab01", "--", "while ! test -e "+held+"; do sleep 0.05; done; echo on")
	// Nobody has the terminal any more, or this would wait for the run.
	said := x.exits(0)
	if !runID.MatchString(said) {
		t.Fatalf("no ID in:\n%s", said)
	}
	_ = x.keys.Close() // the terminal is closed
	if list := ofRuns(t, state, "list"); !strings.Contains(list, " running ") {
		t.Fatalf("it is not running:\n%s", list)
	}
	if err := os.WriteFile(held, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the run has ended", func() bool { return !strings.Contains(ofRuns(t, state, "list"), " running ") })
	if shown := ofRuns(t, state, "show"); !strings.Contains(shown, "lab01: on\n") || !strings.Contains(shown, "with exit status 0\n") {
		t.Errorf("it ended like this:\n%s", shown)
	}
}

func TestWhatIsAskedIsAskedBeforeARunGoesToTheBackground(t *testing.T) {
	t.Parallel()
	l := terminalLab(t)
	key := lockedKey(t, l)
	x, state := detachedOn(t, l, "-a", "--identity", key, "-o", "IdentitiesOnly=yes", "--", "echo here")
	x.expect("Passphrase for " + key)
	x.press("secret\n")
	if said := x.exits(0); !runID.MatchString(said) {
		t.Fatalf("no ID in:\n%s", said)
	}
	eventually(t, "the run has ended", func() bool { return !strings.Contains(ofRuns(t, state, "list"), " running ") })
	if shown := ofRuns(t, state, "show"); !strings.Contains(shown, "lab02: here\n") {
		t.Errorf("it ended like this:\n%s", shown)
	}
}

func TestASignalBeforeARunIsInTheBackgroundEndsIt(t *testing.T) {
	t.Parallel()
	l := terminalLab(t)
	tests := []struct {
		name   string
		signal os.Signal // to the process that the user started; nil: a key is pressed
		key    string
		status int
	}{
		{"Ctrl-C", nil, ctrlC, 130},
		{"Ctrl-\\", nil, "\x1c", 131},
		{"INT", syscall.SIGINT, "", 130},
		{"TERM", syscall.SIGTERM, "", 143},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, state := detachedOn(t, l, "-ka", "--", "echo here")
			x.expect("Login password: ")
			start := time.Now()
			if tt.signal == nil {
				x.press(tt.key)
			} else if err := x.cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			if said := x.exits(tt.status); runID.MatchString(said) || strings.Contains(said, "goroutine") {
				t.Errorf("it said:\n%s", said)
			}
			if took := time.Since(start); took > patience/2 {
				t.Errorf("it took %v", took)
			}
			if list := ofRuns(t, state, "list"); !strings.Contains(list, "No run is recorded") {
				t.Errorf("it is recorded:\n%s", list)
			}
		})
	}
}
