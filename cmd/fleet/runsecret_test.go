//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fleet/internal/opensshd"
)

// declare adds a secret to the inventory of h, which is the password of sudo.
func (h *sudoHost) declare(t *testing.T, secret string) {
	t.Helper()
	text, err := os.ReadFile(h.inventory)
	if err != nil {
		t.Fatal(err)
	}
	write(t, h.inventory, string(text)+"\nconnection {\n  become {\n    user     = \"root\"\n    password = secret.sudo\n  }\n}\nsecret \"sudo\" {\n  "+secret+"\n}\n", 0o600)
}

func TestTheSudoPasswordIsASecretOfTheInventory(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{`exec = ["./give"]`, `file = "password"`, "prompt = true"} {
		host := startSudo(t, opensshd.SudoRule{UsePTY: true})
		host.declare(t, secret)
		dir := filepath.Dir(host.inventory)
		write(t, filepath.Join(dir, "password"), sudoPassword+"\n", 0o600)
		write(t, filepath.Join(dir, "give"), "#!/bin/sh\ncat password\n", 0o700)
		// The host gives it away in many ways.
		echo := `printf '%s\n' "it's a \\ secret!"; printf %s "it's a \\ secret!" | base64; printf "it's a "; sleep 0.1; printf '%s\n' '\ secret!' >/dev/stderr; id -un`
		status, stdout, stderr := host.run(t, sudoPassword, "", "--", echo)
		want := "box: (sensitive)\nbox: (sensitive)\nbox: it's a root\n"
		if status != 0 || stdout != want {
			t.Errorf("%s: status %d, stdout %q, want %q; stderr %q", secret, status, stdout, want, stderr)
		}
	}
	host := startSudo(t, opensshd.SudoRule{UsePTY: true})
	host.declare(t, `exec = ["sh", "-c", "echo denied >&2; exit 7"]`)
	if status, _, stderr := host.run(t, "", "", "--", "id"); status != 1 || !strings.Contains(stderr, `secret "sudo": "sh": exit status 7: denied`) {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

// While a password is in use, it is in no process list and no environment, of
// this machine or the host, which here are the same.
func TestASecretIsInNoProcessList(t *testing.T) {
	t.Parallel()
	host := startSudo(t, opensshd.SudoRule{UsePTY: true})
	host.declare(t, `file = "password"`)
	dir := filepath.Dir(host.inventory)
	write(t, filepath.Join(dir, "password"), sudoPassword+"\n", 0o600)

	cmd := exec.Command("fleet", "run", "-w", "box", "-I", "--", "echo ready; cat; echo end")
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "FLEET_AGENT=off", "FLEET_INVENTORY=" + host.inventory}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var said bytes.Buffer
	cmd.Stderr = &said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() { // ends with fleet
		defer close(lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
	}()
	var seen, got []string
	looks := 0
	for going := true; going; looks++ {
		seen = append(seen, processesWith(sudoPassword)...)
		select {
		case line, ok := <-lines:
			going = ok
			got = append(got, line)
			if line == "box: ready" {
				seen = append(seen, processesWith(sudoPassword)...)
				_, _ = io.WriteString(stdin, "given\n")
				_ = stdin.Close()
			}
		default:
		}
	}
	if err := cmd.Wait(); err != nil || strings.Join(got, "|") != "box: ready|box: given|box: end|" {
		t.Errorf("%v, stdout %q, stderr %q", err, got, said.String())
	}
	if len(seen) > 0 {
		t.Errorf("in %d looks the password was in %v", looks, seen)
	}
}

// processesWith lists the command lines and environments that hold text, raw or
// quoted.
func processesWith(text string) (found []string) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		for _, name := range []string{"cmdline", "environ"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil && (bytes.Contains(b, []byte(text)) || bytes.Contains(b, []byte(strings.ReplaceAll(text, "'", `'\''`)))) {
				found = append(found, fmt.Sprintf("%s/%s: %q", dir, name, b))
			}
		}
	}
	return found
}
