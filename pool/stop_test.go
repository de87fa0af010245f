//go:build linux

package pool_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// everySort starts processes of every sort that a stop has to end, prints a
// line, and lasts. The last ones ignore TERM, and so does the script.
const everySort = `sleep 600 &
sleep 601 | cat &
nohup sleep 602 >/dev/null 2>&1 &
(sleep 603; echo never) &
sh -c 'trap "" TERM HUP INT; while :; do sleep 1; done' &
trap "" TERM HUP INT
echo ready
wait
sleep 604
while :; do sleep 1; done`

// A login is a way to be a user on a host.
type login struct {
	name   string
	target transport.Target
	become *transport.Become
}

// A stopCase is one login with one sort of input.
type stopCase struct {
	login
	input string // "", "stdin" or "terminal"
}

func (c *stopCase) command(m mark) *transport.Command {
	cmd := &transport.Command{Script: m.exported() + everySort, Grace: time.Second, Become: c.become}
	if c.input == "terminal" {
		cmd.TTY = &transport.TTY{}
	}
	return cmd
}

// exported is the line that gives the mark to a script's processes.
func (m mark) exported() string {
	name, value, _ := strings.Cut(string(m), "=")
	return "export " + name + "=" + value + "\n"
}

// logins are the ways that have to be stopped the same.
func logins(t *testing.T) []login {
	_, self := startSSHD(t, opensshd.Options{})
	list := []login{{name: "self", target: self}}
	if os.Geteuid() != 0 {
		return list
	}
	_, user := startSSHD(t, opensshd.Options{NewUser: true})
	list = append(list, login{name: "user", target: user}, login{name: "root to user", target: self, become: &transport.Become{User: user.User}})
	for _, rule := range []sudoRule{
		{NoPassword: true, UsePTY: true}, {NoPassword: true}, {UsePTY: true}, {},
	} {
		_, target := startSudo(t, rule)
		become := &transport.Become{}
		if !rule.NoPassword {
			become.Password = transport.NewSecret(sudoPassword)
		}
		list = append(list, login{name: rule.String(), target: target, become: become})
	}
	return list
}

// forEachStop runs test for all logins and sorts of input at one time.
func forEachStop(t *testing.T, logins []login, test func(*testing.T, stopCase)) {
	inputs := []string{"", "stdin"}
	if sshdHasTerminals(t) {
		inputs = append(inputs, "terminal")
	}
	for _, l := range logins {
		for _, input := range inputs {
			name := l.name
			if input != "" {
				name += " with " + input
			}
			t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				test(t, stopCase{l, input})
			})
		}
	}
}

// mustEnd checks that nothing of the command is left in time.
func (m mark) mustEnd(t *testing.T) {
	t.Helper()
	eventually(t, patience, "ended", func() bool { return len(m.alive()) == 0 })
	for _, pid := range m.alive() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func TestEveryProcessEndsAndIsVerifiedWhen(t *testing.T) {
	t.Parallel()
	all := logins(t)
	t.Run("the command is canceled", func(t *testing.T) {
		forEachStop(t, all, func(t *testing.T, c stopCase) {
			m := newMark()
			cmd := c.command(m)
			if c.input == "stdin" {
				cmd.Stdin = endless(t)
			}
			canceled(t, newPool(t, pool.Config{}), c.target, cmd)
			if left := m.alive(); len(left) > 0 {
				t.Errorf("said to be stopped, but left: %v", left)
				m.mustEnd(t)
			}
		})
	})
	t.Run("the client is killed", func(t *testing.T) {
		forEachStop(t, all, func(t *testing.T, c stopCase) {
			m := newMark()
			client := startClient(t, c.job(m))
			if err := client.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			m.mustEnd(t)
		})
	})
	t.Run("the link is cut", func(t *testing.T) {
		forEachStop(t, all, func(t *testing.T, c stopCase) {
			m, out := newMark(), watch("ready")
			network := newRelay(t, &c.target)
			cmd := c.command(m)
			cmd.Stdout = out
			if c.input == "stdin" {
				cmd.Stdin = endless(t)
			}
			done := make(chan error, 1)
			p := newPool(t, pool.Config{})
			go func() { _, err := p.Run(t.Context(), c.target, cmd); done <- err }()
			select {
			case <-out.seen:
			case err := <-done:
				t.Fatalf("it ended before it began: %v, %q", err, out.String())
			}
			network.cut()
			if e := failedAs(t, <-done, transport.KindLost, "connection was lost"); !e.Sent || e.Stopped {
				t.Errorf("got %+v, want sent, and not known to be stopped", e)
			}
			m.mustEnd(t)
		})
	})
}

// canceled runs c, which says when it is ready, cancels it, and checks that it
// is said to be stopped.
func canceled(t *testing.T, p *pool.Pool, target transport.Target, c *transport.Command) {
	t.Helper()
	out := watch("ready")
	c.Stdout = out
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { _, err := p.Run(ctx, target, c); done <- err }()
	select {
	case <-out.seen:
	case err := <-done:
		t.Fatalf("it ended before it began: %v, %q", err, out.String())
	}
	cancel()
	if e := failedAs(t, <-done, transport.KindCanceled); !e.Sent || !e.Stopped {
		t.Errorf("got %+v, want sent and stopped", e)
	}
}

func (c *stopCase) job(m mark) clientJob {
	cmd, t := c.command(m), c.target
	job := clientJob{
		Address: t.Address, Port: t.Port, User: t.User, Identity: t.Login.Identities[0], KnownHosts: t.HostKey.Files[0],
		Script: cmd.Script, Stdin: c.input == "stdin", TTY: cmd.TTY != nil,
	}
	if c.become != nil {
		job.Become, job.BecomeUser, job.Password = true, c.become.User, c.become.Password.Reveal()
	}
	return job
}

// endless is an input that neither gives anything nor ends before the test.
func endless(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.Close()
		_ = r.Close()
	})
	return r
}

// On a busy host a command may be stopped before its watchdog has had its turn.
func TestAnEarlyStopLeavesTheWatchdogAtWork(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	network := newRelay(t, &target)
	p := newPool(t, pool.Config{})
	for _, interpreter := range [][]string{nil, {"/bin/sh"}} {
		m := newMark()
		var begun, ended sync.WaitGroup
		for range 40 {
			begun.Add(1)
			ended.Go(func() {
				_, err := p.Run(t.Context(), target, &transport.Command{
					Script:      m.exported() + "trap '' TERM\nkill -s TERM 0\necho ready\nsleep 600\nsleep 601",
					Interpreter: interpreter,
					Stdout:      called(begun.Done),
					Grace:       time.Second,
				})
				_ = failedAs(t, err, transport.KindLost)
			})
		}
		begun.Wait()
		network.cut()
		ended.Wait()
		m.mustEnd(t)
	}
}
