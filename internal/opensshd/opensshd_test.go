package opensshd_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fleet/internal/opensshd"
)

// ssh runs a command on s with OpenSSH's own client.
func ssh(t *testing.T, s *opensshd.Server, command string) (string, error) {
	t.Helper()
	cmd := exec.Command("ssh", append(s.SSHArgs(), command)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Logf("ssh %s: %v: %s", command, err, &stderr)
	}
	return string(out), err
}

func TestLogin(t *testing.T) {
	s := opensshd.Start(t, opensshd.Options{})
	out, err := ssh(t, s, `echo "$USER $HOME"; exit 3`)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("got %v, want status 3", err)
	}
	if want := s.User + " " + s.Home + "\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	if !strings.Contains(s.Log(), "Accepted publickey for "+s.User) {
		t.Errorf("the login is not in the log:\n%s", s.Log())
	}
}

func TestFiles(t *testing.T) {
	s := opensshd.Start(t, opensshd.Options{HostKeys: []string{"ecdsa", "ed25519"}})
	known, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(known), "\n"); got != 2 || !strings.Contains(string(known), s.HostKey) {
		t.Errorf("host key %q, known hosts\n%s", s.HostKey, known)
	}
	if !strings.HasPrefix(s.HostKey, "ecdsa-sha2-nistp256 ") {
		t.Errorf("got host key %q, want an ECDSA one", s.HostKey)
	}
	st, err := os.Stat(s.Identity)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("got identity %v, %v", st, err)
	}
}

func TestConfigLinesWin(t *testing.T) {
	s := opensshd.Start(t, opensshd.Options{Config: []string{
		"AcceptEnv FLEET_*",
		"Match User nobody",
		"ForceCommand false",
		"Match all",
		"ForceCommand echo forced: $SSH_ORIGINAL_COMMAND",
	}})
	if out, err := ssh(t, s, "anything"); err != nil || out != "forced: anything\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestStartups(t *testing.T) {
	s := opensshd.Start(t, opensshd.Options{Config: []string{"MaxStartups 1:100:1"}})
	first, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := io.ReadFull(first, make([]byte, len("SSH-2.0-"))); err != nil {
		t.Fatalf("readiness used the only startup there is: %v", err)
	}
	second, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if b, err := io.ReadAll(second); err == nil && !strings.HasPrefix(string(b), "Exceeded MaxStartups") {
		t.Errorf("got %q", b)
	}
}

func TestNothingIsLeft(t *testing.T) {
	var s *opensshd.Server
	t.Run("server", func(t *testing.T) {
		s = opensshd.Start(t, opensshd.Options{})
		if _, err := ssh(t, s, "trap '' TERM HUP; (sleep 600) >/dev/null 2>&1 </dev/null & echo"); err != nil {
			t.Error(err)
		}
		if len(s.Commands()) == 0 {
			t.Error("the detached command is not found")
		}
	})
	if t.Failed() || t.Skipped() || s == nil {
		return
	}
	if left := s.Commands(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := os.Stat(s.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
	if _, err := net.Dial("tcp", s.Addr); err == nil {
		t.Error("the server is left")
	}
}

func TestUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make users")
	}
	for name, o := range map[string]opensshd.Options{
		"shell":    {Shell: "bash"},
		"password": {Password: "secret"},
		"new":      {NewUser: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := opensshd.Start(t, o)
			out, err := ssh(t, s, `id -un; basename $SHELL; touch file`)
			shell := o.Shell
			if shell == "" {
				shell = "sh"
			}
			if want := s.User + "\n" + shell + "\n"; err != nil || out != want || s.User == "root" {
				t.Errorf("got %q, %v, want %q", out, err, want)
			}
			if _, err := os.Stat(filepath.Join(s.Home, "file")); err != nil {
				t.Error(err)
			}
		})
	}
}
