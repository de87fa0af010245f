//go:build linux

package pool_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

func TestASessionThatEndsWithoutAStatusIsLost(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{Faults: sshd.Faults{NoExitStatus: true}})
	got := run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "echo done"})
	e := failedAs(t, got.err, transport.KindLost, "without an exit status")
	if !e.Sent || e.Stopped || got.out != "done\n" {
		t.Errorf("got %#v, %+v", e, got)
	}
	if transport.SafeToRetry(e) {
		t.Error("a command that was sent is not safe to repeat")
	}
}

func TestAConnectionLostInTheMiddleKeepsTheOutputSoFar(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{})
	network := newRelay(t, &target)
	p := newPool(t, pool.Config{Linger: -1})
	out := watch("half")
	done := make(chan error, 1)
	go func() {
		_, err := p.Run(t.Context(), target, &transport.Command{Script: "echo half; sleep 600", Stdout: out, Grace: time.Second})
		done <- err
	}()
	<-out.seen
	network.cut()
	e := failedAs(t, <-done, transport.KindLost, "host: run: the connection was lost")
	if !e.Sent || e.Stopped || out.String() != "half\n" {
		t.Errorf("got %#v, %q", e, out.String())
	}
	// The pool has forgotten the dead connection: the next command dials.
	got := run(t.Context(), p, target, &transport.Command{Script: "echo again"})
	if got.err != nil || got.out != "again\n" || network.accepted() != 2 {
		t.Errorf("got %+v after %d dials", got, network.accepted())
	}
}

// The wrapper was not told to begin, or has half a script only.
func TestNothingRunsWhereTheLinkBreaksBeforeTheWholeScriptHasArrived(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{})
	network := newRelay(t, &target)
	p := newPool(t, pool.Config{Linger: -1})
	if got := run(t.Context(), p, target, &transport.Command{Script: "true"}); got.err != nil {
		t.Fatal(got.err)
	}
	file := filepath.Join(t.TempDir(), "ran")
	m := newMark()
	network.cutAfter(64 << 10)
	script := m.exported() + "echo began >" + file + "\n" + strings.Repeat(": padding\n", 30_000)
	got := run(t.Context(), p, target, &transport.Command{Script: script, Grace: time.Second})
	if e := failedAs(t, got.err, transport.KindLost); !e.Sent {
		t.Errorf("got %#v", e)
	}
	m.mustEnd(t)
	if _, err := os.Stat(file); err == nil {
		t.Error("half a script ran")
	}
}

func TestAHostThatRunsSomethingElseIsToldAsThat(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{ForceCommand: "echo only backups here; echo and an error >&2; exit 2"})
	_, silent := serve(t, sshd.Config{ForceCommand: "exit 0"})
	_, git := serve(t, sshd.Config{ForceCommand: "echo \"fatal: unrecognized command '$SSH_ORIGINAL_COMMAND'\" | head -c 37 >&2; exit 128"})
	_, eats := serve(t, sshd.Config{ForceCommand: "cat >/dev/null"})
	p := newPool(t, pool.Config{})
	for _, test := range []struct {
		name        string
		target      transport.Target
		words       []string
		out, errOut string
		stdin       bool
	}{
		{"forced command", target, []string{"did not run the command", "only backups here"}, "only backups here\n", "and an error\n", false},
		{"forced command with input", target, []string{"did not run the command"}, "only backups here\n", "and an error\n", true},
		{"silence", silent, []string{"did not run the command"}, "", "", false},
		{"git", git, []string{"did not run the command"}, "", "fatal: unrecognized command 'exec '/b", false},
		{"long line on stderr only", eats, nil, "", "", false},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := &transport.Command{Script: "echo reached", Grace: time.Second}
			if test.stdin {
				c.Stdin = strings.NewReader("input")
			}
			if test.words == nil {
				// It takes the input and waits for its end, which only a stop brings.
				c.Started = cancel
				got := run(ctx, p, test.target, c)
				_ = failedAs(t, got.err, transport.KindCanceled)
				return
			}
			got := run(ctx, p, test.target, c)
			e := failedAs(t, got.err, transport.KindRefused, test.words...)
			if !e.Sent || !e.Stopped || got.out != test.out || got.errOut != test.errOut {
				t.Errorf("got %#v, %+v", e, got)
			}
		})
	}
}

func TestAnAccountThatMayNotLogInSaysSo(t *testing.T) {
	t.Parallel()
	needRoot(t)
	_, target := startSSHD(t, opensshd.Options{Shell: "/usr/sbin/nologin"})
	got := run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "echo reached"})
	e := failedAs(t, got.err, transport.KindRefused, "did not run the command", "not available")
	if !strings.Contains(got.out, "not available") {
		t.Errorf("got %#v, %+v", e, got)
	}
	_, target = startSSHD(t, opensshd.Options{Shell: "/bin/false"})
	got = run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "echo reached"})
	_ = failedAs(t, got.err, transport.KindRefused, "did not run the command")
}

func TestAServerThatRefusesCommandsOrTerminalsSaysSo(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{Faults: sshd.Faults{RefuseExec: true}})
	got := run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "true"})
	if e := failedAs(t, got.err, transport.KindRefused, "exec refused"); e.Sent || !e.Stopped {
		t.Errorf("got %#v", e)
	}
	_, target = startSSHD(t, opensshd.Options{Config: []string{"PermitTTY no"}})
	got = run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "true", TTY: &transport.TTY{}})
	if e := failedAs(t, got.err, transport.KindRefused, "no terminal", "pty-req refused"); e.Sent || !e.Stopped {
		t.Errorf("got %#v", e)
	}
}

// Rekeying every megabyte happens in the middle of everything.
func TestRekeyingLosesNothing(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{Config: []string{"RekeyLimit 1M"}})
	p := newPool(t, pool.Config{Linger: -1})
	const n = 24 << 20
	input := bytes.Repeat([]byte("0123456789abcde\n"), n/16)
	var out countingHash
	st, err := p.Run(t.Context(), target, &transport.Command{Script: "cat", Stdin: bytes.NewReader(input), Stdout: &out})
	if err != nil || !st.OK() || out.n != n || out.sum != hashOf(input) {
		t.Errorf("got %+v, %v and %d bytes, want %d", st, err, out.n, n)
	}
}

// A countingHash tells whether all bytes came, in order (FNV-1a).
type countingHash struct {
	n   int
	sum uint64
}

func (h *countingHash) Write(p []byte) (int, error) {
	if h.n == 0 {
		h.sum = 14695981039346656037
	}
	for _, b := range p {
		h.sum = (h.sum ^ uint64(b)) * 1099511628211
	}
	h.n += len(p)
	return len(p), nil
}

func hashOf(b []byte) uint64 {
	var h countingHash
	_, _ = h.Write(b)
	return h.sum
}

// A process that makes itself root is out of reach for an ordinary user: that
// it is left must be said.
func TestAProcessThatCannotBeStoppedIsNotSaidToBe(t *testing.T) {
	t.Parallel()
	needRoot(t)
	_, target := startSudo(t, sudoRule{NoPassword: true})
	p := newPool(t, pool.Config{})
	m, out := newMark(), watch("ready")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	file := filepath.Join(t.TempDir(), "stop")
	inner := fmt.Sprintf("%strap \"\" TERM HUP INT; echo ready; exec >/dev/null 2>&1; while [ ! -e %s ]; do sleep 0.1; done", m.exported(), file)
	go func() {
		_, err := p.Run(ctx, target, &transport.Command{Script: "sudo sh -c " + pool.Quote(inner) + "; wait", Stdout: out, Stderr: io.Discard, Grace: time.Second})
		done <- err
	}()
	select {
	case <-out.seen:
	case err := <-done:
		t.Fatalf("got %v, %q", err, out.String())
	}
	cancel()
	e := failedAs(t, <-done, transport.KindCanceled)
	if left := m.alive(); e.Stopped != (len(left) == 0) {
		t.Errorf("stopped is %t, and left are %v", e.Stopped, left)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	m.mustEnd(t)
}
