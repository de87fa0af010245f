//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fleet/internal/lab"
	"fleet/internal/opensshd"
)

const sudoPassword = "it's a \\ secret!"

// A sudoHost is a real sshd with a user who may become anybody by sudo.
type sudoHost struct {
	*opensshd.Server
	inventory string
}

// startSudo starts one. It takes root, and sudo.
func startSudo(t *testing.T, rule opensshd.SudoRule) *sudoHost {
	t.Helper()
	s := opensshd.Start(t, opensshd.Options{Password: sudoPassword})
	s.AllowSudo(t, rule)
	inventory := filepath.Join(s.Dir, "inventory.fleet.hcl")
	write(t, inventory, fmt.Sprintf("host \"box\" {\n  address = %q\n  connection {\n    user = %q\n    port = %d\n    identity = [%q]\n"+
		"    identities_only = true\n    known_hosts = [%q]\n  }\n}\n", s.Host, s.User, s.Port, s.Identity, s.KnownHosts), 0o600)
	return &sudoHost{s, inventory}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// run runs fleet without a terminal. answer is what SSH_ASKPASS answers; there
// is no such program where it is empty.
func (h *sudoHost) run(t *testing.T, answer, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command("fleet", append([]string{"run", "-w", "box"}, args...)...)
	dir := t.TempDir()
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "FLEET_AGENT=off", "FLEET_INVENTORY=" + h.inventory}
	if answer != "" {
		program := filepath.Join(dir, "askpass")
		write(t, program, "#!/bin/sh\ncat <<'END'\n"+answer+"\nEND\n", 0o700)
		cmd.Env = append(cmd.Env, "SSH_ASKPASS="+program)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestRunAsAnotherUser(t *testing.T) {
	t.Parallel()
	free, asking := startSudo(t, opensshd.SudoRule{UsePTY: true, NoPassword: true}), startSudo(t, opensshd.SudoRule{UsePTY: true})
	mark := newMark()
	tests := []struct {
		name           string
		host           *sudoHost
		answer, stdin  string
		args           []string
		status         int
		stdout, stderr string // what they hold
	}{
		{name: "-s", host: free, args: []string{"-s", "--", "id -un"}, stdout: "box: root\n"},
		{name: "--become", host: free, args: []string{"--become", "nobody", "--", "id -un"}, stdout: "box: nobody\n"},
		{name: "as nobody but the login user", host: free, args: []string{"id -un"}, stdout: "box: " + free.User + "\n"},
		{name: "-s with input", host: free, stdin: "in\n", args: []string{"-sI", "--", "cat"}, stdout: "box: in\n"},
		{name: "-K where none is needed", host: free, answer: sudoPassword, stdin: "in\n", args: []string{"-sKI", "--", "id -un; cat"}, stdout: "box: root\nbox: in\n"},
		{name: "-K", host: asking, answer: sudoPassword, args: []string{"-sK", "--", "id -un"}, stdout: "box: root\n"},
		{name: "-K with input", host: asking, answer: sudoPassword, stdin: "in\n", args: []string{"-sKI", "--", "cat"}, stdout: "box: in\n"},
		{name: "-K with a script", host: asking, answer: sudoPassword, stdin: "id -un", args: []string{"-sK", "--script", "-"}, stdout: "box: root\n"},
		{name: "-K with --tty", host: asking, answer: sudoPassword, args: []string{"-sK", "--tty", "--", "id -un"}, stdout: "box: root"},
		{name: "the status", host: asking, answer: sudoPassword, args: []string{"-sKS", "--", "exit 9"}, status: 9},
		{name: "no password", host: asking, args: []string{"-s", "--", "id"}, status: 2, stderr: "give the password with -K"},
		{name: "a wrong password", host: asking, answer: "wrong", args: []string{"-sK", "--", "id"}, status: 2, stderr: "box: failed: sudo: the password was not accepted (hint: it was tried once only"},
		{name: "no such user", host: free, args: []string{"--become", "no-such-user", "--", "id"}, status: 2, stderr: "no-such-user"},
		{name: "nobody to ask", host: asking, args: []string{"-sK", "--", "id"}, status: 1, stderr: "no terminal to ask on"},
		{name: "stopped in time", host: asking, answer: sudoPassword, args: []string{"-sK", "-u", "1s", "--", "sleep " + mark}, status: 2, stderr: "box: timed out after 1s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := tt.host.run(t, tt.answer, tt.stdin, tt.args...)
			if status != tt.status || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("status %d, stdout %q, stderr %q; want %d, %q, %q", status, stdout, stderr, tt.status, tt.stdout, tt.stderr)
			}
			if strings.Contains(stdout+stderr, "secret") {
				t.Errorf("the password is in %q", stdout+stderr)
			}
		})
	}
	if left := waitGone(mark, 0); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
}

func TestAPasswordIsTypedOnceAndNotShown(t *testing.T) {
	t.Parallel()
	host := startSudo(t, opensshd.SudoRule{UsePTY: true})
	x := onTerminal(t, &lab.Lab{Inventory: host.inventory}, []string{"NO_COLOR=1"}, "run", "-w", "box", "-sK", "--", "id -un")
	x.expect("Password for sudo: ")
	x.press(sudoPassword + "\n")
	if said := x.exits(0); !strings.Contains(said, "box: root") || strings.Contains(said, "secret") {
		t.Errorf("it said:\n%s", said)
	}
	y := onTerminal(t, &lab.Lab{Inventory: host.inventory}, nil, "run", "-w", "box", "-sK", "--", "id -un")
	y.expect("Password for sudo: ")
	y.press(ctrlC)
	y.exits(130)
}

// With -k the login password is asked for once.
func TestALoginPasswordIsAskedForOnce(t *testing.T) {
	t.Parallel()
	host := startSudo(t, opensshd.SudoRule{UsePTY: true})
	args := []string{"-o", "PubkeyAuthentication=no", "-k", "--", "id -un"}
	if status, stdout, stderr := host.run(t, sudoPassword, "", args...); status != 0 || stdout != "box: "+host.User+"\n" {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	none := append([]string{"-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no"}, args...)
	if status, _, stderr := host.run(t, sudoPassword, "", none...); status != 4 || !strings.Contains(stderr, "allows none of these") {
		t.Errorf("where no method is allowed: status %d, stderr %q", status, stderr)
	}
	if status, _, stderr := host.run(t, "wrong", "", args...); status != 4 || !strings.Contains(stderr, "password") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}
