//go:build linux

package pool_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/knownhosts"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// sudoPassword is that of the users that startSudo makes.
const sudoPassword = "it's a \\ secret!"

// A sudoRule names its test.
type sudoRule opensshd.SudoRule

func (r sudoRule) String() string {
	name := "sudo with password"
	if r.NoPassword {
		name = "sudo without password"
	}
	if !r.UsePTY {
		name += " or pty"
	}
	return name
}

// startSudo starts a server whose user may become anybody by sudo, as the rule
// says.
func startSudo(t *testing.T, rule sudoRule) (*opensshd.Server, transport.Target) {
	t.Helper()
	s, target := startSSHD(t, opensshd.Options{Password: sudoPassword})
	s.AllowSudo(t, opensshd.SudoRule(rule))
	return s, target
}

// needTool skips the test, or fails it where everything has to be there.
func needTool(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
				t.Fatalf("FLEET_REQUIRE_SSHD is set, and %v", err)
			}
			t.Skip(err)
		}
	}
}

func becomeRoot(password string) *transport.Become {
	return &transport.Become{Password: transport.NewSecret(password)}
}

// saidBySudo is stderr without what sudo says of rules that another test takes
// away at the same moment.
func saidBySudo(errOut string) string {
	var kept strings.Builder
	for line := range strings.Lines(errOut) {
		if !strings.HasPrefix(line, "sudo: unable to open /etc/sudoers.d/fleet-") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func TestSudoRunsTheCommandAsTheOtherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, rule := range []sudoRule{
		{NoPassword: true}, {NoPassword: true, UsePTY: true}, {}, {UsePTY: true}, {Fresh: true, UsePTY: true},
	} {
		t.Run(strings.ReplaceAll(rule.String(), " ", "_"), func(t *testing.T) {
			t.Parallel()
			_, target := startSudo(t, rule)
			p := newPool(t, pool.Config{Linger: -1, OpenAhead: true})
			// A password that is not needed must not hurt either.
			for range 2 {
				for _, user := range []string{"", "daemon"} {
					b := becomeRoot(sudoPassword)
					b.User = user
					want := "root"
					if user != "" {
						want = user
					}
					got := run(t.Context(), p, target, &transport.Command{Script: "id -un; wc -c; exit 3", Become: b})
					if got.err != nil || got.status.Code != 3 || got.out != want+"\n0\n" || saidBySudo(got.errOut) != "" {
						t.Errorf("without input: %+v", got)
					}
					got = run(t.Context(), p, target, &transport.Command{Script: "id -un; cat; echo last >&2", Become: b, Stdin: strings.NewReader("given\n")})
					if got.err != nil || !got.status.OK() || got.out != want+"\ngiven\n" || saidBySudo(got.errOut) != "last\n" {
						t.Errorf("with input: %+v", got)
					}
					got = run(t.Context(), p, target, &transport.Command{Script: "id -un; stty -a | grep -c -w echo; test -t 0", Become: b, TTY: &transport.TTY{}})
					if got.err != nil || !got.status.OK() || got.out != want+"\r\n1\r\n" {
						t.Errorf("with a terminal: %+v", got)
					}
				}
			}
			long := strings.Repeat(": it is a long script\n", 8000) + "id -un; cat"
			got := run(t.Context(), p, target, &transport.Command{Script: long, Become: becomeRoot(sudoPassword), Stdin: strings.NewReader("given\n")})
			if got.err != nil || got.out != "root\ngiven\n" {
				t.Errorf("long script: %+v", got)
			}
			got = run(t.Context(), p, target, &transport.Command{Script: "kill -KILL $$", Become: becomeRoot(sudoPassword)})
			if got.err != nil || got.status.Code != 137 || got.status.Signal != "KILL" {
				t.Errorf("signal: %+v", got)
			}
		})
	}
}

func TestAWrongPasswordIsTriedOnceAndSaid(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, tty := range []*transport.TTY{nil, {}} {
		s, target := startSudo(t, sudoRule{UsePTY: true})
		p := newPool(t, pool.Config{Linger: -1})
		got := run(t.Context(), p, target, &transport.Command{Script: "echo reached", Become: becomeRoot("wrong"), TTY: tty})
		e := failedAs(t, got.err, transport.KindRefused, "sudo", "password", "not accepted")
		if !e.Stopped || got.out != "" || !strings.Contains(e.Hint, "once") {
			t.Errorf("got %#v, %+v", e, got)
		}
		if n := strings.Count(s.Log(), "incorrect password"); n > 1 {
			t.Errorf("%d attempts", n)
		}
	}
}

func TestSudoThatWantsAPasswordFailsAtOnceWithoutOne(t *testing.T) {
	t.Parallel()
	needRoot(t)
	_, target := startSudo(t, sudoRule{UsePTY: true})
	p := newPool(t, pool.Config{Linger: -1})
	for _, c := range []transport.Command{{}, {TTY: &transport.TTY{}}, {Stdin: strings.NewReader("not for sudo")}} {
		c.Script, c.Become = "echo reached", &transport.Become{}
		got := run(t.Context(), p, target, &c)
		e := failedAs(t, got.err, transport.KindRefused, "a password is required")
		if got.out != "" || !strings.Contains(e.Hint, "-K") || !e.Stopped {
			t.Errorf("got %#v, %+v", e, got)
		}
	}
}

func TestSudoSaysWhyItDidNotRunTheCommand(t *testing.T) {
	t.Parallel()
	needRoot(t)
	_, target := startSudo(t, sudoRule{NoPassword: true})
	_, nobody := startSSHD(t, opensshd.Options{Password: sudoPassword})
	s, missing := serve(t, sshd.Config{Env: []string{"PATH=/nonexistent"}})
	missing.HostKey = known(t, s, &missing)
	p := newPool(t, pool.Config{Linger: -1})
	for _, test := range []struct {
		name   string
		target transport.Target
		become transport.Become
		words  []string
	}{
		{"unknown user", target, transport.Become{User: "no-such-user"}, []string{"no-such-user"}},
		{"not in sudoers, no password", nobody, transport.Become{}, []string{"password is required"}},
		{"not in sudoers", nobody, *becomeRoot(sudoPassword), []string{"not in the sudoers file"}},
		{"no sudo", missing, transport.Become{}, []string{"sudo", "not found"}},
		{"no sudo, password", missing, *becomeRoot("x"), []string{"sudo", "not found"}},
		{"no doas", missing, transport.Become{Method: "doas"}, []string{"doas", "not found"}},
		{"su of an ordinary user", nobody, transport.Become{Method: "su"}, []string{"asks", "Password:"}},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got := run(t.Context(), p, test.target, &transport.Command{Script: "echo reached", Become: &test.become})
			if e := failedAs(t, got.err, transport.KindRefused, test.words...); !e.Stopped || got.out != "" {
				t.Errorf("got %#v, %+v", e, got)
			}
		})
	}
}

// known is the check of a host key that is known to be that of s.
func known(t *testing.T, s *sshd.Server, target *transport.Target) transport.HostKey {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known_hosts")
	line := knownhosts.Line([]string{target.Addr()}, s.HostKey()) + "\n"
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return transport.HostKey{Files: []string{file}}
}

// Nobody may stand in the middle and ask for the password of sudo.
func TestAHostWhoseKeyIsNotCheckedGetsNoPasswordForSudo(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{Linger: -1})
	for _, tty := range []*transport.TTY{nil, {}} {
		got := run(t.Context(), p, target, &transport.Command{Script: "echo reached", Become: becomeRoot(sudoPassword), TTY: tty})
		e := failedAs(t, got.err, transport.KindHostKey, "password", "not given", "key is not checked")
		if e.Sent || !e.Stopped || !strings.Contains(e.Hint, "accept-new") || got.out != "" {
			t.Errorf("got %#v, %+v", e, got)
		}
	}
	if n := s.Stats().Accepted; n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

func TestAWayToBecomeThatCannotWorkIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	target.HostKey = known(t, s, &target)
	p := newPool(t, pool.Config{Linger: -1})
	for _, test := range []struct {
		become transport.Become
		words  []string
	}{
		{transport.Become{Method: "doas", Password: transport.NewSecret("x")}, []string{"terminal", "doas"}},
		{transport.Become{Method: "su", Password: transport.NewSecret("x")}, []string{"terminal", "su"}},
		{transport.Become{Method: "please"}, []string{`"please"`, "sudo, doas or su"}},
	} {
		got := run(t.Context(), p, target, &transport.Command{Script: "echo reached", Become: &test.become})
		if e := failedAs(t, got.err, transport.KindInternal, test.words...); e.Sent || !e.Stopped {
			t.Errorf("got %#v, %+v", e, got)
		}
	}
}

func TestSuRunsTheCommandAsTheOtherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	_, target := startSSHD(t, opensshd.Options{})
	p := newPool(t, pool.Config{Linger: -1})
	su := &transport.Become{Method: "su", User: "daemon"}
	got := run(t.Context(), p, target, &transport.Command{Script: `id -un; echo "$1|$2"; exit 3`, Args: []string{"a b", "-c"}, Become: su})
	if got.err != nil || got.status.Code != 3 || got.out != "daemon\na b|-c\n" {
		t.Errorf("got %+v", got)
	}
	got = run(t.Context(), p, target, &transport.Command{Script: "id -un; cat", Stdin: strings.NewReader("given\n"), Become: su})
	if got.err != nil || got.out != "daemon\ngiven\n" {
		t.Errorf("with input: %+v", got)
	}
}

// The password must show up neither in a process list nor in an environment,
// nor in what the command can read.
func TestThePasswordIsSeenBySudoOnly(t *testing.T) {
	t.Parallel()
	needRoot(t)
	_, target := startSudo(t, sudoRule{UsePTY: true})
	p := newPool(t, pool.Config{Linger: -1})
	ctx, cancel := context.WithCancel(t.Context())
	out := watch("ready")
	done := make(chan error, 1)
	c := &transport.Command{Script: "echo ready; sleep 600", Become: becomeRoot(sudoPassword), Stdout: out, Stdin: endless(t), Grace: time.Second}
	go func() { _, err := p.Run(ctx, target, c); done <- err }()
	var seen []string
	look := func() {
		dirs, _ := filepath.Glob("/proc/[0-9]*")
		for _, dir := range dirs {
			for _, name := range []string{"cmdline", "environ"} {
				b, err := os.ReadFile(filepath.Join(dir, name))
				if err == nil && bytes.Contains(b, []byte(sudoPassword)) {
					seen = append(seen, fmt.Sprintf("%s/%s: %q", dir, name, b))
				}
			}
		}
	}
	for running := true; running; look() {
		select {
		case <-out.seen:
			running = false
		case err := <-done:
			t.Fatal(err)
		default:
		}
	}
	cancel()
	for stopping := true; stopping; look() {
		select {
		case err := <-done:
			stopping = false
			_ = failedAs(t, err, transport.KindCanceled)
		default:
		}
	}
	if len(seen) > 0 {
		t.Errorf("the password is in %v", seen)
	}
}
