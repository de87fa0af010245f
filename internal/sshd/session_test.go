//go:build unix

package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestCommandsEndAsTheShellSays(t *testing.T) {
	l := start(t, Config{})
	c := l.dial()
	for _, tt := range []struct {
		command, stdout, stderr string
		status                  int
		signal                  string
	}{
		{"echo out; echo err >&2", "out\n", "err\n", 0, ""},
		{"exit 7", "", "", 7, ""},
		{"exit 255", "", "", 255, ""},
		{"no-such-command 2>/dev/null", "", "", 127, ""},
		{"kill -9 $$", "", "", 137, "KILL"},
		{"kill $$", "", "", 143, "TERM"},
		{"printf '%s' \"$FLEET_LAB_HOST\"", "", "", 0, ""},
		{"cat", "", "", 0, ""},
	} {
		t.Run(tt.command, func(t *testing.T) {
			stdout, stderr, err := l.run(c, tt.command)
			if stdout != tt.stdout || stderr != tt.stderr {
				t.Errorf("got output %q and %q, want %q and %q", stdout, stderr, tt.stdout, tt.stderr)
			}
			var exit *ssh.ExitError
			switch {
			case tt.status == 0 && err != nil:
				t.Errorf("got %v, want success", err)
			case tt.status != 0 && !errors.As(err, &exit):
				t.Errorf("got %v, want status %d", err, tt.status)
			case tt.status != 0 && (exit.ExitStatus() != tt.status || exit.Signal() != tt.signal):
				t.Errorf("got %v %q, want %d %q", exit, exit.Signal(), tt.status, tt.signal)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	home := t.TempDir()
	l := start(t, Config{Home: home, HostName: "lab01", Env: []string{"PATH=/bin:/usr/bin", "A=1"}})
	c := l.dial()
	s := l.session(c)
	if err := s.Setenv("LC_TEST", "yes"); err != nil {
		t.Error(err)
	}
	if err := s.Setenv("SECRET", "no"); err == nil {
		t.Error("a variable that is not accepted was accepted")
	}
	out, err := s.Output("pwd; env")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"HOME=" + home, "USER=op", "LOGNAME=op", "SHELL=/bin/sh", "PATH=/bin:/usr/bin",
		"A=1", "LC_TEST=yes", "FLEET_LAB_HOST=lab01", "PWD=" + home, "SSH_CONNECTION=" + strings.ReplaceAll(c.LocalAddr().String(), ":", " ") + " " + strings.ReplaceAll(l.addr, ":", " "),
	} {
		if !strings.Contains("\n"+string(out), "\n"+want+"\n") {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "SECRET") || os.Getenv("GOCACHE") != "" && strings.Contains(string(out), "GOCACHE") {
		t.Errorf("too much in\n%s", out)
	}
}

func TestInputArrivesWholeAndEnds(t *testing.T) {
	l := start(t, Config{})
	s := l.session(l.dial())
	input := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB: twice the window
	s.Stdin = bytes.NewReader(input)
	out, err := s.Output("cat")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out, input) {
		t.Errorf("got %d bytes back, want %d", len(out), len(input))
	}
}

func TestInputNobodyReadsDoesNotStall(t *testing.T) {
	l := start(t, Config{})
	s := l.session(l.dial())
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("exec <&-; sleep 600"); err != nil {
		t.Fatal(err)
	}
	// More than window and pipe hold, so it goes through only if it is thrown away.
	if _, err := io.Copy(in, io.LimitReader(zeros{}, 5<<20)); err != nil {
		t.Error(err)
	}
	_ = s.Close()
}

func TestShell(t *testing.T) {
	l := start(t, Config{})
	s := l.session(l.dial())
	s.Stdin = strings.NewReader("echo hello $0; exit 3\n")
	var out bytes.Buffer
	s.Stdout = &out
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	var exit *ssh.ExitError
	if err := s.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 3 {
		t.Errorf("got %v, want status 3", err)
	}
	if got := out.String(); got != "hello -sh\n" {
		t.Errorf("got %q", got)
	}
}

func TestForceCommand(t *testing.T) {
	l := start(t, Config{ForceCommand: `echo "forced: $SSH_ORIGINAL_COMMAND"`})
	out, _, err := l.run(l.dial(), "rm something")
	if err != nil || out != "forced: rm something\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

// started runs command, which prints its own process id first, and returns
// the id.
func started(t *testing.T, s *ssh.Session, command string) int {
	t.Helper()
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(command); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanln(out, &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestCommandsOutliveTheirChannel(t *testing.T) {
	for _, how := range []string{"channel", "connection"} {
		t.Run(how, func(t *testing.T) {
			l := start(t, Config{})
			c := l.dial()
			s := l.session(c)
			pid := started(t, s, "echo $$; exec sleep 600")
			if how == "channel" {
				_ = s.Close()
			} else {
				_ = c.Close()
			}
			// A second command proves that the server has seen the end of the first.
			if _, _, err := l.run(l.dial(), "true"); err != nil {
				t.Error(err)
			}
			if !alive(pid) {
				t.Error("the command was killed; sshd leaves it alone")
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if alive(pid) {
				t.Error("the command is left after Close")
			}
		})
	}
}

func TestInputEndsWithTheConnection(t *testing.T) {
	l := start(t, Config{})
	c := l.dial()
	s := l.session(c)
	if _, err := s.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(t.TempDir(), "ended")
	started(t, s, "echo $$; cat >/dev/null; echo done >"+mark)
	_ = c.Close()
	eventually(t, "the command sees the end of its input", func() bool {
		_, err := os.Stat(mark)
		return err == nil
	})
}

func TestCloseLeavesNothing(t *testing.T) {
	for _, tt := range []struct{ name, command string }{
		{"trap", "trap '' TERM HUP INT; echo $$; sleep 600"},
		{"background", "sleep 600 & echo $!; wait"},
		{"session", "command -v setsid >/dev/null || { echo $$; exec sleep 600; }; setsid sleep 600 >/dev/null 2>&1 & echo $!; wait"},
		{"orphan", "sleep 600 >/dev/null 2>&1 & echo $!"},
		{"nohup", "nohup sleep 600 >/dev/null 2>&1 & echo $!; wait"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := start(t, Config{})
			pid := started(t, l.session(l.dial()), tt.command)
			if !slices.Contains(l.Processes(), pid) {
				t.Errorf("process %d is not among %v", pid, l.Processes())
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			eventually(t, "the process is gone", func() bool { return gone(pid) })
		})
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// gone also accepts a zombie that a slow init has not waited for yet.
func gone(pid int) bool {
	if !alive(pid) {
		return true
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && bytes.Contains(b, []byte(") Z "))
}

func TestBackgroundOutputKeepsTheChannelOpen(t *testing.T) {
	l := start(t, Config{})
	fifo := filepath.Join(t.TempDir(), "go")
	s := l.session(l.dial())
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("mkfifo " + fifo + "; (cat " + fifo + ") & echo first; exit 5"); err != nil {
		t.Fatal(err)
	}
	var word string
	if _, err := fmt.Fscanln(out, &word); err != nil || word != "first" {
		t.Fatalf("got %q, %v", word, err)
	}
	if err := os.WriteFile(fifo, []byte("second\n"), 0); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(out); err != nil || string(rest) != "second\n" {
		t.Errorf("got %q, %v", rest, err)
	}
	var exit *ssh.ExitError
	if err := s.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 5 {
		t.Errorf("got %v, want status 5", err)
	}
}

func TestSignals(t *testing.T) {
	t.Run("ignored", func(t *testing.T) {
		l := start(t, Config{})
		s := l.session(l.dial())
		in, err := s.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		started(t, s, "echo $$; read line; exit 4")
		if err := s.Signal(ssh.SIGKILL); err != nil {
			t.Error(err)
		}
		fmt.Fprintln(in, "go on")
		var exit *ssh.ExitError
		if err := s.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 4 {
			t.Errorf("got %v, want status 4", err)
		}
	})
	t.Run("honored", func(t *testing.T) {
		l := start(t, Config{HonorSignals: true})
		s := l.session(l.dial())
		pid := started(t, s, "sleep 600 & echo $!; wait")
		if err := s.Signal(ssh.SIGTERM); err != nil {
			t.Error(err)
		}
		var exit *ssh.ExitError
		if err := s.Wait(); !errors.As(err, &exit) || exit.Signal() != "TERM" {
			t.Errorf("got %v, want signal TERM", err)
		}
		eventually(t, "the whole group is gone", func() bool { return gone(pid) })
	})
}

func TestTerminal(t *testing.T) {
	l := start(t, Config{})
	s := l.session(l.dial())
	if err := s.RequestPty("vt100", 33, 77, ssh.TerminalModes{ssh.ECHO: 0}); err != nil {
		t.Fatal(err)
	}
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(`stty size; echo "$TERM"; test -t 0 && test -t 1 && test -t 2 && test -n "$SSH_TTY" && echo tty; read x; until test "$(stty size)" = "40 100"; do :; done; echo resized; exit 6`); err != nil {
		t.Fatal(err)
	}
	read := func(n int) string {
		b := make([]byte, n)
		if _, err := io.ReadFull(out, b); err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := "33 77\r\nvt100\r\ntty\r\n"
	if got := read(len(want)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := s.WindowChange(40, 100); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(in, "go")
	rest, err := io.ReadAll(out)
	if err != nil || string(rest) != "resized\r\n" {
		t.Errorf("got %q, %v", rest, err)
	}
	var exit *ssh.ExitError
	if err := s.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 6 {
		t.Errorf("got %v, want status 6", err)
	}
}

func TestTerminalClosedIsHangup(t *testing.T) {
	l := start(t, Config{})
	s := l.session(l.dial())
	if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	pid := started(t, s, "echo $$; exec sleep 600")
	_ = s.Close()
	eventually(t, "SIGHUP ends the command", func() bool { return gone(pid) })
}

func TestExecInProcess(t *testing.T) {
	ended := make(chan struct{})
	l := start(t, Config{Exec: func(ctx context.Context, e *Exec) int {
		switch e.Command {
		case "wait":
			<-ctx.Done()
			close(ended)
			return 0
		case "none":
			return -1
		}
		_, _ = io.Copy(e.Stdout, e.Stdin)
		fmt.Fprintf(e.Stderr, "%s runs %q", e.User, e.Command)
		return 9
	}})
	c := l.dial()
	stdout, stderr, err := l.run(c, "thing")
	var exit *ssh.ExitError
	if stdout != "" || stderr != `op runs "thing"` || !errors.As(err, &exit) || exit.ExitStatus() != 9 {
		t.Errorf("got %q, %q, %v", stdout, stderr, err)
	}
	var missing *ssh.ExitMissingError
	if _, _, err := l.run(c, "none"); !errors.As(err, &missing) {
		t.Errorf("got %v, want no status", err)
	}
	s := l.session(c)
	if err := s.Start("wait"); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	<-ended
}
