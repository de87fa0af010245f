//go:build unix

package secret

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"fleet/internal/term"
	"fleet/transport"
)

func sh(script string) Exec { return Exec{Command: []string{"/bin/sh", "-c", script}} }

func TestExec(t *testing.T) {
	d := newDesk(t, "", map[string]string{"data": "from a file\n"})
	d.write(t, "script", "#!/bin/sh\necho \"$1\"\n", 0o700)
	in := func(e Exec) Exec { e.Dir = d.dir; return e }
	tests := []struct {
		name          string
		p             Provider
		want, failure string
	}{
		{"output", sh("echo s3cret"), "s3cret", ""},
		{"no line end", sh("printf s3cret"), "s3cret", ""},
		{"several lines", sh("printf 'a\\nb\\n\\n'"), "a\nb\n", ""},
		{"exact words", in(Exec{Command: []string{"./script", "a $HOME 'b'"}}), "a $HOME 'b'", ""},
		{"its folder", in(sh("cat data")), "from a file", ""},
		{"no input", sh("cat; echo s3cret"), "s3cret", ""},
		{"stderr is no part of it", sh("echo hello >&2; echo s3cret"), "s3cret", ""},
		{"what it leaves behind is ended", sh("sleep 1000 & echo s3cret"), "s3cret", ""},
		{"most", sh("head -c 16384 /dev/zero | tr '\\0' x; echo"), strings.Repeat("x", textMax), ""},
		{"status", sh("echo s3cret; exit 3"), "", `secret "it": "/bin/sh": exit status 3`},
		{"its reasons", sh("echo s3cret; for i in 1 2 3 4; do echo line $i; done >&2; echo 'bad s3cret\033[2J' >&2; exit 1"), "", "exit status 1: line 3; line 4; bad (sensitive)^[[2J"},
		{"each line hidden in its reasons", sh("echo 's3cret line'; echo pass; echo s3cret line, pass >&2; exit 1"), "", "exit status 1: (sensitive), (sensitive)"},
		{"spaces hidden in its reasons", sh("printf '  s3cret  \\n\\n'; echo it is s3cret! >&2; exit 1"), "", "exit status 1: it is (sensitive)!"},
		{"escaped in its reasons", sh(`printf 's3cret"x'; printf '{"got": "s3cret\\"x"}' >&2; exit 1`), "", `exit status 1: {"got": "(sensitive)"}`},
		{"too short to hide", sh("echo no; echo no such thing >&2; exit 1"), "", "exit status 1: no such thing"},
		{"cut in its reasons", sh("printf s3cret-key; i=0; while [ $i -lt 1000 ]; do printf 's3cret-key'; i=$((i+1)); done >&2; exit 1"), "", "exit status 1: "},
		{"too much, and said", sh("echo s3cret >&2; exec cat /dev/zero"), "", "it is larger than 16 KiB"},
		{"long reasons", sh("head -c 100000 /dev/zero | tr '\\0' é >&2; exit 1"), "", "exit status 1: "},
		{"no program", Exec{Command: []string{"no-such-program"}}, "", `"no-such-program": there is no such program in PATH`},
		{"no file", in(Exec{Command: []string{"./missing"}}), "", "no such file"},
		{"not executable", in(Exec{Command: []string{"./data"}}), "", "permission denied"},
		{"nothing", sh("true"), "", "it is empty"},
		{"too much", sh("exec cat /dev/zero"), "", "it is larger than 16 KiB"},
		{"too much of stderr", sh("head -c 10000000 /dev/zero >&2; echo s3cret"), "s3cret", ""},
		{"signal", sh("kill -KILL $$"), "", "signal: killed"},
		{"time", Exec{Command: []string{"sleep", "1000"}, Timeout: 50 * time.Millisecond}, "", `"sleep": it took longer than 50ms`},
		{"no command", Exec{}, "", "names no command"},
		{"bad time", Exec{Command: []string{"true"}, Timeout: -1}, "", "timeout is negative"},
		{"NUL", sh("\x00"), "", "NUL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := d.resolve(t.Context(), tt.p)
			check(t, got, err, tt.want, tt.failure)
			if err != nil && len(err.Error()) > 800 {
				t.Errorf("the error is long: %d bytes", len(err.Error()))
			}
		})
	}
}

func TestCtrlCOnACommandIsOneOnFleet(t *testing.T) {
	d := newDesk(t, "", nil)
	if _, err := d.resolve(t.Context(), sh("kill -INT $$; sleep 1000")); !errors.Is(err, term.ErrInterrupted) {
		t.Errorf("got %v", err)
	}
}

func TestACommandEndsWithItsChildren(t *testing.T) {
	left := errors.New("the user left")
	for _, limit := range []time.Duration{0, 300 * time.Millisecond} {
		// Both hold a pipe open: its end is their end.
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		pipe, err := os.OpenFile(fifo, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		want := "it took longer"
		began := make(chan struct{})
		if limit == 0 {
			want = left.Error()
			go func() { // ends when the command begins
				defer close(began)
				_, _ = pipe.Read(make([]byte, 1))
				cancel(left)
			}()
		} else {
			close(began)
		}
		e := sh("trap '' TERM; exec 3>" + fifo + "; sleep 1000 & echo >&3; sleep 1000")
		e.Timeout = limit
		if limit == 0 {
			e.Timeout = time.Minute
		}
		d := newDesk(t, "", nil)
		if _, err := d.resolve(ctx, e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
		<-began
		rest, err := os.Open(fifo)
		if err != nil {
			t.Fatal(err)
		}
		pipe.Close()
		if _, err := io.ReadAll(rest); err != nil {
			t.Error(err)
		}
		rest.Close()
		cancel(nil)
	}
}

func TestCommandsAndQuestionsTakeTurns(t *testing.T) {
	d := newDesk(t, "", nil)
	busy := filepath.Join(d.dir, "busy")
	d.Ask = func(context.Context, string) (transport.Secret, error) {
		if _, err := os.Stat(busy); err == nil {
			t.Error("a question is asked while a command runs")
		}
		return transport.NewSecret("answer"), nil
	}
	script := "mkdir " + busy + " || exit 1; echo s3cret; rmdir " + busy
	d.Secrets = map[string]Provider{"a": sh(script), "b": sh(script), "c": Prompt{Question: "?"}, "d": Prompt{Question: "?"}}
	r := NewResolver(d.Config)
	done := make(chan error)
	for name := range d.Secrets {
		go func() { _, err := r.Resolve(t.Context(), name); done <- err }()
	}
	for range d.Secrets {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestACommandCanAskOnTheTerminal runs itself on a terminal, in the foreground.
func TestACommandCanAskOnTheTerminal(t *testing.T) {
	const child = "FLEET_TEST_ON_TERMINAL"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestACommandCanAskOnTheTerminal$")
		cmd.Env = append(os.Environ(), child+"=1")
		screen, err := pty.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		defer screen.Close()
		for range 2 {
			if _, err := screen.WriteString("typed\n"); err != nil {
				t.Fatal(err)
			}
		}
		said, _ := io.ReadAll(screen) // ends with an error where the terminal goes away
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, said)
		}
		return
	}
	d := newDesk(t, "", nil)
	tty, err := os.Open("/dev/tty")
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	for range 2 {
		got, err := d.resolve(t.Context(), sh("read -r x </dev/tty && echo $x"))
		check(t, got, err, "typed", "")
		if group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP); err != nil || group != unix.Getpgrp() {
			t.Errorf("the group in the foreground is %d, want %d (%v)", group, unix.Getpgrp(), err)
		}
	}
}

// A stand-in for sops writes its arguments down.
func TestSops(t *testing.T) {
	modern := `case $1 in -d|decrypt) ;; *) exit 9;; esac; shift; `
	d := newDesk(t, "", map[string]string{"secrets.yaml": "x"})
	t.Setenv("PATH", d.dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	file := filepath.Join(d.dir, "secrets.yaml")
	tests := []struct {
		name, script  string
		key           string
		want, failure string
	}{
		{"a value", modern + `printf %s "$*"`, "db.users.0", `--extract ["db"]["users"][0] ` + file, ""},
		{"a file", modern + `echo "$*"`, "", file, ""},
		{"a later version", `case $1 in -d) echo "Error: unknown shorthand flag: 'd' in -d" >&2; exit 1;; esac; ` + modern + `echo "$1"`, "a", "--extract", ""},
		{"a failure", `echo "Failed to get the data key" >&2; exit 128`, "a", "", `secret "it": "sops": exit status 128: Failed to get the data key`},
		{"a bad key", "", "a..b", "", `"a..b" is not a key`},
	}
	for _, tt := range tests {
		d.write(t, "sops", "#!/bin/sh\n"+tt.script+"\n", 0o700)
		got, err := d.resolve(t.Context(), Sops{Dir: d.dir, File: "secrets.yaml", Key: tt.key})
		check(t, got, err, tt.want, tt.failure)
	}
	t.Setenv("PATH", t.TempDir())
	_, err := d.resolve(t.Context(), Sops{File: file, Key: "a"})
	check(t, "", err, "", `"sops": there is no such program in PATH`)
}
