//go:build linux

package pool_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fleet/internal/opensshd"
	"fleet/pool"
	"fleet/transport"
)

// A privateCase is a command with a sensitive text in all its parts.
type privateCase struct {
	name        string
	interpreter []string
	stdin       bool
	padding     int
}

var privateCases = []privateCase{
	{name: "plain"},
	{name: "stdin", stdin: true},
	{name: "long", padding: 200 << 10},
	{name: "interpreter", interpreter: []string{"/bin/sh", "-u"}},
	{name: "interpreter with stdin", interpreter: []string{"/bin/sh", "-u"}, stdin: true},
}

// command is the command: it prints the numbers of the processes that may know the
// secret as it is theirs, and lasts.
func (c privateCase) command(secret string) *transport.Command {
	cmd := &transport.Command{
		Script:      strings.Repeat(": padding\n", c.padding/10) + ": " + secret + "\nsleep 600 & echo ready $$ $!; wait",
		Env:         []string{"TOKEN=" + secret},
		Interpreter: c.interpreter,
		Private:     true,
		Grace:       time.Second,
	}
	if len(c.interpreter) == 0 {
		cmd.Args = []string{secret, "it's\n" + secret} // those of another one are words of its own
	}
	return cmd
}

// privateLogins are the ways to be a user.
func privateLogins(t *testing.T) []login {
	_, self := startSSHD(t, opensshd.Options{})
	list := []login{{name: "self", target: self}}
	if os.Geteuid() != 0 {
		return list
	}
	_, sudo := startSudo(t, sudoRule{UsePTY: true})
	return append(list,
		login{name: "sudo", target: sudo, become: becomeRoot(sudoPassword)},
		login{name: "su", target: self, become: &transport.Become{Method: "su", User: "daemon"}})
}

// seenIn lists the processes that have the text in one of their files of that name.
// Those of the command itself may have it in their environment.
func seenIn(secret, name string, own ...string) []string {
	var seen []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil && bytes.Contains(b, []byte(secret)) && !slices.Contains(own, filepath.Base(dir)) {
			command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
			seen = append(seen, fmt.Sprintf("%s/%s of %.200q", dir, name, command))
		}
	}
	return seen
}

// What is sensitive shows up in no list of processes, while the command runs and
// while it is stopped, and in no environment but the command's own.
func TestAPrivateCommandIsSeenByNobody(t *testing.T) {
	t.Parallel()
	for _, l := range privateLogins(t) {
		for _, c := range privateCases {
			t.Run(strings.ReplaceAll(l.name+" "+c.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				secret := "secret-" + rand.Text()
				cmd, out := c.command(secret), watch("\n")
				cmd.Become, cmd.Stdout = l.become, out
				if c.stdin {
					cmd.Stdin = endless(t)
				}
				p := newPool(t, pool.Config{Linger: -1})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := make(chan error, 1)
				go func() { _, err := p.Run(ctx, l.target, cmd); done <- err }()
				var seen []string
				for running := true; running; seen = append(seen, seenIn(secret, "cmdline")...) {
					select {
					case <-out.seen:
						running = false
					case err := <-done:
						t.Fatalf("got %v, %q", err, out.String())
					default:
					}
				}
				own := strings.Fields(out.String())
				seen = append(seen, seenIn(secret, "environ", own[1:]...)...)
				cancel()
				for stopping := true; stopping; seen = append(seen, seenIn(secret, "cmdline")...) {
					select {
					case err := <-done:
						stopping = false
						if e := failedAs(t, err, transport.KindCanceled); !e.Stopped {
							t.Errorf("got %+v", e)
						}
					default:
					}
				}
				if len(seen) > 0 {
					t.Errorf("it is in %v", seen)
				}
			})
		}
	}
}

// Whichever way it comes, it is the same command.
func TestAPrivateCommandEndsLikeAnother(t *testing.T) {
	t.Parallel()
	for _, l := range privateLogins(t) {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			p := newPool(t, pool.Config{Linger: -1, OpenAhead: true})
			for _, tt := range []struct {
				c    transport.Command
				code int
				out  string
				errs string // a part of it
			}{
				{transport.Command{Script: "exit 3\n"}, 3, "", ""},
				{transport.Command{Script: "printf '%s|' \"$#\" \"$@\" \"$A\"", Args: []string{"it's", "", "a\nb"}, Env: []string{"A=x y"}}, 0, "3|it's||a\nb|x y|", ""},
				{transport.Command{Script: "cat; exit 4", Stdin: strings.NewReader("given")}, 4, "given", ""},
				{transport.Command{Script: "pwd", Dir: "/usr"}, 0, "/usr\n", ""},
				{transport.Command{Script: "echo no", Dir: "/no/such"}, 125, "", "/no/such"},
				{transport.Command{Script: "no-such-command"}, 127, "", "no-such-command"},
				{transport.Command{Script: "if; then"}, 2, "", "yntax"},
				{transport.Command{Script: "jobs; (exit 3) & wait $!; echo $?; wait; echo $?"}, 0, "3\n0\n", ""},
				{transport.Command{Script: "sh -c 'kill -KILL $$'; exit $?"}, 137, "", ""},
				{transport.Command{Script: "trap 'echo bye' EXIT; exit 5"}, 5, "bye\n", ""},
				{transport.Command{Script: "cat \"$0\"; exit 6", Interpreter: []string{"/bin/sh", "-u"}}, 6, "cat \"$0\"; exit 6\n", ""},
				{transport.Command{Script: "cat; exit 7", Interpreter: []string{"/bin/sh", "-u"}, Stdin: strings.NewReader("given")}, 7, "given", ""},
				{transport.Command{Script: strings.Repeat(": padding\n", 30_000) + "echo end"}, 0, "end\n", ""},
			} {
				tt.c.Private, tt.c.Become = true, l.become
				got := run(t.Context(), p, l.target, &tt.c)
				if got.err != nil || got.status.Code != tt.code || got.out != tt.out || !strings.Contains(got.errOut, tt.errs) {
					t.Errorf("%.60q: got %+v, %v, %.300q, %.300q, want %d, %q, %q", tt.c.Script, got.status, got.err, got.out, got.errOut, tt.code, tt.out, tt.errs)
				}
			}
			for name, number := range map[string]int{"TERM": 15, "KILL": 9} {
				// The script runs in a subshell: $$ is its parent.
				got := run(t.Context(), p, l.target, &transport.Command{Script: "kill -" + name + " $$", Private: true, Become: l.become, Grace: time.Second})
				if got.err != nil || got.status.Code != 128+number {
					t.Errorf("%s: got %+v, want %s", name, got, strconv.Itoa(128+number))
				}
			}
		})
	}
}

// A terminal shows what it reads.
func TestAPrivateCommandHasNoTerminal(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{})
	got := run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "echo reached", Private: true, TTY: &transport.TTY{}})
	if e := failedAs(t, got.err, transport.KindInternal, "sensitive", "terminal"); e.Sent || got.out != "" {
		t.Errorf("got %+v", got)
	}
}
