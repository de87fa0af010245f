//go:build linux

package runner

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/internal/opensshd"
	"fleet/pool"
	"fleet/tasks"
	"fleet/transport"
)

// realMachine is one that a real sshd leads to.
func realMachine(t *testing.T, o opensshd.Options) (*opensshd.Server, *machine) {
	t.Helper()
	o.Config = append([]string{"SetEnv HOME=" + t.TempDir()}, o.Config...)
	s := opensshd.Start(t, o)
	p := pool.New(pool.Config{OpenAhead: true})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, &machine{name: "host", transport: p, target: transport.Target{
		Name: "host", Address: s.Host, Port: s.Port, User: s.User,
		Login:   transport.Login{Identities: []string{s.Identity}, Explicit: true, IdentitiesOnly: true},
		HostKey: transport.HostKey{Files: []string{s.KnownHosts}},
		Link:    transport.LinkOptions{ConnectTimeout: time.Minute},
	}}
}

func TestAnActionIsTheSameOnAHostAndHere(t *testing.T) {
	t.Parallel()
	_, there := realMachine(t, opensshd.Options{})
	for name, m := range map[string]*machine{"host": there, "local": here()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, private := range []bool{false, true} {
				for _, tt := range []struct {
					command tasks.Command
					out     string
					code    int
				}{
					{tasks.Command{Script: "echo \"$A\"; exit 3", Env: []string{"A=it's"}}, "it's\n", 3},
					{tasks.Command{Script: "pwd", Dir: "/usr"}, "/usr\n", 0},
					{tasks.Command{Script: "cat; echo end", Stdin: "given\n", HasStdin: true}, "given\nend\n", 0},
					{tasks.Command{Script: "cat; echo end", HasStdin: true}, "end\n", 0},
					{tasks.Command{Script: "cat; echo end"}, "end\n", 0},
					{tasks.Command{Script: "cat \"$0\"", Interpreter: []string{"/bin/sh", "-u"}}, "cat \"$0\"\n", 0},
				} {
					var out, errs bytes.Buffer
					status, err := perform(t.Context(), m, &tasks.Step{Name: "x"}, &tasks.Call{Action: &tt.command, Private: private}, &out, &errs)
					if got := strings.TrimSuffix(out.String(), "\n"); err != nil || status.Code != tt.code || got != strings.TrimSuffix(tt.out, "\n") {
						t.Errorf("%q, private %t: got %+v, %v, %q, %q", tt.command.Script, private, status, err, out.String(), errs.String())
					}
				}
			}
			guards := []tasks.Guard{{Kind: "removes", Text: "/"}, {Kind: "creates", Text: "~/x"}, {Kind: "unless", Text: "exit 0"}}
			reason, err := guarded(t.Context(), m, &tasks.Step{GuardTimeout: time.Minute}, &tasks.Call{Guards: guards, Action: &tasks.Command{Dir: "/"}, Private: true})
			if err != nil || reason != `unless "exit 0" succeeds` {
				t.Errorf("got %q, %v", reason, err)
			}
		})
	}
}

func TestTheLimitsOfAStepEndIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		step   tasks.Step
		script string
		want   string
	}{
		"timeout":      {tasks.Step{Timeout: 200 * time.Millisecond}, "while :; do echo; sleep 0.05; done", "timed out after 200ms"},
		"idle timeout": {tasks.Step{IdleTimeout: 300 * time.Millisecond}, "echo; sleep 600", "printed nothing for 300ms"},
	} {
		_, err := perform(t.Context(), here(), &tt.step, &tasks.Call{Action: &tasks.Command{Script: tt.script}}, nil, nil)
		var te *transport.Error
		if !errors.As(err, &te) || te.Kind != transport.KindTimeout || !te.Stopped || te.Err.Error() != tt.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNobodyElseCanBeHere(t *testing.T) {
	t.Parallel()
	m := here()
	m.become = &transport.Become{User: "root"}
	_, err := perform(t.Context(), m, &tasks.Step{}, &tasks.Call{Local: true, Action: &tasks.Command{Script: "echo reached"}}, nil, nil)
	if transport.KindOf(err) != transport.KindRefused || !strings.Contains(err.Error(), "another user") {
		t.Errorf("got %v", err)
	}
}

func TestAWaitOnAHostThatDoesNotForward(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	closed := closedPort(t)
	for name, line := range map[string]string{"forwards": "AllowTcpForwarding yes", "does not": "AllowTcpForwarding no", "elsewhere only": "PermitOpen 192.0.2.1:1"} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			_, m := realMachine(t, opensshd.Options{Config: []string{line}})
			if err := waits(t.Context(), m, tasks.Wait{Address: ln.Addr().String()}); err != nil {
				t.Errorf("open: %v", err)
			}
			err := waits(t.Context(), m, tasks.Wait{Address: closed, Timeout: 2 * time.Second})
			if transport.KindOf(err) != transport.KindTimeout || !strings.Contains(strings.ToLower(err.Error()), "refused") {
				t.Errorf("closed: %v", err)
			}
		})
	}
}

// A client that is killed leaves its connections to be ended by the system, as this
// network does when it is cut.
func TestALockGoesWithItsClient(t *testing.T) {
	t.Parallel()
	terms := quickLock(t)
	s, ann := realMachine(t, opensshd.Options{})
	network := newCable(t, s.Addr)
	ann.target.Address, ann.target.Port = network.host()
	ann.target.HostKey.Alias = opensshdAlias(s)
	_, bob := realMachine(t, opensshd.Options{}) // the same machine
	l, failed, err := terms.take(t.Context(), claim("deploy", "ann"), []*machine{ann})
	if err != nil || len(failed) > 0 {
		t.Fatal(err, failed)
	}
	defer l.release()
	var locked *Locked
	if _, _, err := terms.take(t.Context(), claim("deploy", "bob"), []*machine{bob}); !errors.As(err, &locked) || locked.Owner != "ann" {
		t.Fatalf("got %v", err)
	}
	network.cut()
	var second *heldLock
	poll(t, "the lock for somebody else", func() bool {
		second, _, err = terms.take(t.Context(), claim("deploy", "bob"), []*machine{bob})
		return err == nil
	})
	second.release()
	if left, _ := filepath.Glob(filepath.Join(terms.dir, "*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// opensshdAlias is the name under which the host key is known, whatever the address.
func opensshdAlias(s *opensshd.Server) string {
	text, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(string(text), " ")
	return name
}

// A cable leads to a server until it is cut.
type cable struct {
	ln    net.Listener
	stop  context.CancelFunc
	pipes sync.WaitGroup
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &cable{ln: ln, stop: cancel}
	c.pipes.Go(func() { // ends with ln
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				return
			}
			context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })
			c.pipes.Go(func() { _, _ = far.(*net.TCPConn).ReadFrom(near); _ = far.Close() })
			c.pipes.Go(func() { _, _ = near.(*net.TCPConn).ReadFrom(far); _ = near.Close() })
		}
	})
	t.Cleanup(c.cut)
	return c
}

func (c *cable) host() (string, int) {
	addr := c.ln.Addr().(*net.TCPAddr)
	return addr.IP.String(), addr.Port
}

// cut ends all connections, and lets no other one in.
func (c *cable) cut() {
	_ = c.ln.Close()
	c.stop()
	c.pipes.Wait()
}
