//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleet/internal/lab"
)

func TestCtrlCOnATerminalTellsAndThenStops(t *testing.T) {
	t.Parallel()
	l, mark := terminalLab(t), newMark()
	x := onTerminal(t, l, []string{"NO_COLOR=1"}, "run", "-af", "1", "--", "echo begun; sleep "+mark)
	x.expect("lab01: begun")
	x.press(ctrlC)
	x.expect("fleet: 0 of 3 hosts done")
	x.expect("  lab01: running ")
	x.expect("last line: begun")
	x.expect("  waiting for their turn: lab[02-03]")
	x.expect("Ctrl-C again within 2 seconds stops the run.")
	x.press(ctrlC)
	said := x.exits(130)
	for _, want := range []string{"lab01: stopped: interrupted", "stopped early: interrupted", "hint: to go on with the rest: -w 'lab[02-03]'"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in:\n%s", want, said)
		}
	}
	if left := waitGone(mark, 0); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
}

func TestTheThirdCtrlCLeavesAtOnce(t *testing.T) {
	t.Parallel()
	l, mark := terminalLab(t), newMark()
	x := onTerminal(t, l, nil, "run", "-b", "-w", "lab01", "--", `trap "" TERM; echo so far; sleep `+mark)
	x.expect("running") // the status line
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(2 * echo)
		defer ticker.Stop()
		for range 3 {
			<-ticker.C
			_, _ = x.keys.WriteString(ctrlC)
		}
	}()
	start := time.Now()
	said := x.exits(130)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("leaving took %v", took)
	}
	<-ended
	if want := "fleet: left at once; it was not confirmed that the command has ended on 1 host: lab01"; !strings.Contains(said, want) {
		t.Errorf("no %q in:\n%s", want, said)
	}
	if strings.Contains(said, "fleet: \r\n") {
		t.Errorf("a line that says nothing in:\n%s", said)
	}
	if left := waitGone(mark, 15*time.Second); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
}

func TestASignalAtAPromptIsTheExitStatus(t *testing.T) {
	t.Parallel()
	l := terminalLab(t)
	key := lockedKey(t, l)
	prompts := []struct {
		question string
		args     []string
	}{
		{"Login password: ", []string{"run", "-ka", "--", "echo here"}},
		{"Login password: ", []string{"trace", "-k", "lab01"}},
		{"Passphrase for " + key, []string{"run", "-a", "--identity", key, "--", "echo here"}},
		{"Passphrase for " + key, []string{"trace", "lab01", "--identity", key}},
	}
	tests := []struct {
		name   string
		signal os.Signal // nil: a key is pressed
		key    string
		status int
	}{
		{"TERM", syscall.SIGTERM, "", 143},
		{"HUP", syscall.SIGHUP, "", 143},
		{"QUIT", nil, "\x1c", 131},
		{"INT", nil, ctrlC, 130},
	}
	for _, p := range prompts {
		for _, tt := range tests {
			t.Run(p.args[0]+" "+p.question+tt.name, func(t *testing.T) {
				x := onTerminal(t, l, nil, p.args...)
				x.expect(p.question)
				if tt.signal == nil {
					x.press(tt.key)
				} else if err := x.cmd.Process.Signal(tt.signal); err != nil {
					t.Fatal(err)
				}
				if said := x.exits(tt.status); strings.Contains(said, "goroutine") || strings.Contains(said, "here\r") {
					t.Errorf("it said:\n%s", said)
				}
			})
		}
	}
}

// lockedKey is the key of the lab with a passphrase.
func lockedKey(t *testing.T, l *lab.Lab) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.Dir, "id_ed25519"))
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "locked")
	if err := os.WriteFile(key, text, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", key).CombinedOutput()
	switch {
	case err == nil:
	case errors.Is(err, exec.ErrNotFound) && os.Getenv("FLEET_REQUIRE_SSHD") != "1":
		t.Skip("there is no ssh-keygen to lock a key with")
	default:
		t.Fatalf("ssh-keygen: %v: %s", err, said)
	}
	return key
}

func TestAProtectedGroupIsAskedFor(t *testing.T) {
	t.Parallel()
	l := terminalLab(t)
	inventory, err := os.ReadFile(l.Inventory)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"lab": string(inventory), "protect": "group \"db\" {\n  hosts = [\"lab[02-03]\"]\n  protected = true\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".fleet.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, keys string
		status     int
		want       string
	}{
		{"yes", "yes\n", 0, "lab03: here"},
		{"y", "Y\n", 0, "lab03: here"},
		{"no", "n\n", 1, "fleet: not confirmed: nothing was run"},
		{"nothing", "\n", 1, "fleet: not confirmed: nothing was run"},
		{"Ctrl-C", ctrlC, 130, ""},
		{"Ctrl-\\", "\x1c", 131, ""},
		{"Ctrl-D", "\x04", 1, "fleet: not confirmed: nothing was run"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := onTerminal(t, l, []string{"NO_COLOR=1"}, "run", "-i", dir, "-a", "--", "echo here")
			x.expect("This touches 2 hosts of @db (lab[02-03]), which is protected. Go on? [y/N] ")
			x.press(tt.keys)
			said := x.exits(tt.status)
			if !strings.Contains(said, tt.want) {
				t.Errorf("no %q in:\n%s", tt.want, said)
			}
			if ran := strings.Contains(said, "lab01: here"); ran != (tt.status == 0) {
				t.Errorf("ran: %v, in:\n%s", ran, said)
			}
		})
	}
}

func TestWhatATerminalShows(t *testing.T) {
	t.Parallel()
	l := terminalLab(t)
	const (
		title  = "\x1b]0;owned\a"
		remote = `printf "\033]0;owned\007\033[2Jx\033[31mred\n"`
	)
	tests := []struct {
		name     string
		env      []string
		args     []string
		has, not []string
	}{
		{name: "control bytes are shown, not obeyed", args: []string{"-w", "lab01", "--", remote}, has: []string{" ^[[2Jx\x1b[31mred"}, not: []string{title, "\x1b[2J"}},
		{name: "--raw", args: []string{"-w", "lab01", "--raw", "--", remote}, has: []string{title, "\x1b[2J"}},
		{name: "without color not the hosts' either", env: []string{"NO_COLOR=1"}, args: []string{"-w", "lab01", "--", remote}, not: []string{"\x1b[31m"}},
		{name: "--color=never", args: []string{"-abw", "lab01", "--color=never", "--", remote}, not: []string{"\x1b[3"}},
		{name: "color", args: []string{"-ab", "--", "echo x"}, has: []string{"\x1b["}},
		{name: "the size of the terminal", args: []string{"-w", "lab01", "--tty", "--", "stty size; echo $TERM"}, has: []string{" 33 99\r\n", " xterm\r\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := onTerminal(t, l, tt.env, append([]string{"run"}, tt.args...)...)
			said := x.exits(0)
			for _, want := range tt.has {
				if !strings.Contains(said, want) {
					t.Errorf("no %q in %q", want, said)
				}
			}
			for _, bad := range tt.not {
				if strings.Contains(said, bad) {
					t.Errorf("%q in %q", bad, said)
				}
			}
		})
	}
}

func TestTheStatusLineIsForTerminals(t *testing.T) {
	t.Parallel()
	l := terminalLab(t)
	tests := []struct {
		name string
		env  []string
		flag string
		want bool
	}{
		{name: "a terminal", want: true},
		{name: "-q", flag: "-q"},
		{name: "TERM=dumb", env: []string{"TERM=dumb"}},
		{name: "CI", env: []string{"CI=true"}},
		{name: "-P in CI", env: []string{"CI=true"}, flag: "-P", want: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"run", "-a"}
			if tt.flag != "" {
				args = append(args, tt.flag)
			}
			said := onTerminal(t, l, tt.env, append(args, "--", "sleep 1; echo x")...).exits(0)
			if got := strings.Contains(said, "\r\x1b[K"); got != tt.want {
				t.Errorf("status line: %v, want %v, in %q", got, tt.want, said)
			}
		})
	}
}
