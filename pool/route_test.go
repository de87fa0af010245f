//go:build linux

package pool_test

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// many runs f for n targets at one time.
func many(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func TestAllHostsBehindABastionShareOneConnectionToIt(t *testing.T) {
	t.Parallel()
	outer, first := serve(t, sshd.Config{})
	inner, second := serve(t, sshd.Config{})
	_, target := serve(t, sshd.Config{})
	first.Name, second.Name = "outer", "inner"
	p := newPool(t, pool.Config{})
	many(30, func(i int) {
		behind := target
		behind.User = "user" + itoa(i) // another target each
		behind.Jump = []transport.Target{first}
		if i%2 == 0 {
			behind.Jump = []transport.Target{first, second}
		}
		got := run(t.Context(), p, behind, &transport.Command{Script: "echo $USER"})
		if got.err != nil || got.out != behind.User+"\n" {
			t.Errorf("%+v", got)
		}
	})
	if n, m := outer.Stats().Accepted, inner.Stats().Accepted; n != 1 || m != 1 {
		t.Errorf("%d connections to the first bastion and %d to the second, want one each", n, m)
	}
}

func TestADeadBastionFailsAllHostsBehindItAtOnce(t *testing.T) {
	t.Parallel()
	refuses, locked := serve(t, sshd.Config{Faults: sshd.Faults{RefuseAuth: true}})
	dead := targetAt(listen(t).Addr())
	dead.Link.ConnectTimeout = 2 * time.Second
	for _, test := range []struct {
		name    string
		bastion transport.Target
		words   []string
	}{
		{"login refused", locked, []string{"login", "refused"}},
		{"mute", dead, []string{"no SSH banner"}},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			test.bastion.Name = "bastion"
			p := newPool(t, pool.Config{})
			many(30, func(i int) {
				behind := targetAt(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1})
				behind.Name, behind.User = "host"+itoa(i), "user"+itoa(i)
				behind.Jump = []transport.Target{test.bastion}
				got := run(t.Context(), p, behind, &transport.Command{Script: "true"})
				e := failedAs(t, got.err, transport.KindUnreachable, append(test.words, "via bastion")...)
				if e.Host != behind.Name || strings.Count(e.Error(), "bastion") != 1 || e.Sent || !e.Stopped {
					t.Errorf("got %v", e)
				}
			})
			if before, after := p.Mend(); before != 1 || after != 0 {
				t.Errorf("the pool knows %d hosts while the failure counts, and %d later", before, after)
			}
		})
	}
	t.Cleanup(func() {
		if n := refuses.Stats().Accepted; n != 1 {
			t.Errorf("the bastion was dialed %d times, want 1", n)
		}
	})
}

func TestABastionThatCannotReachTheHostSaysSo(t *testing.T) {
	t.Parallel()
	_, bastion := startSSHD(t, opensshd.Options{})
	bastion.Name = "bastion"
	behind := targetAt(refusing(t))
	behind.Jump = []transport.Target{bastion}
	p := newPool(t, pool.Config{})
	got := run(t.Context(), p, behind, &transport.Command{Script: "true"})
	_ = failedAs(t, got.err, transport.KindUnreachable, "via bastion", "cannot connect to", "Connection refused")
	_, closed := startSSHD(t, opensshd.Options{Config: []string{"AllowTcpForwarding no"}})
	closed.Name = "bastion"
	behind.Jump = []transport.Target{closed}
	got = run(t.Context(), p, behind, &transport.Command{Script: "true"})
	_ = failedAs(t, got.err, transport.KindUnreachable, "via bastion", "does not allow forwarding")
}

func TestALostBastionLosesWhatRunsBehindIt(t *testing.T) {
	t.Parallel()
	_, bastion := serve(t, sshd.Config{})
	network := newRelay(t, &bastion)
	_, behind := serve(t, sshd.Config{})
	behind.Jump = []transport.Target{bastion}
	p := newPool(t, pool.Config{Linger: -1})
	out := watch("ready")
	done := make(chan error, 1)
	go func() {
		_, err := p.Run(t.Context(), behind, &transport.Command{Script: "echo ready; sleep 600", Stdout: out, Grace: time.Second})
		done <- err
	}()
	<-out.seen
	network.cut()
	if e := failedAs(t, <-done, transport.KindLost); !e.Sent || e.Stopped {
		t.Errorf("got %#v", e)
	}
	if got := run(t.Context(), p, behind, &transport.Command{Script: "exit 3"}); got.err != nil || got.status.Code != 3 {
		t.Errorf("afterwards: %+v", got)
	}
}

func TestAProxyCommandCarriesTheConnectionAndEndsWithIt(t *testing.T) {
	t.Parallel()
	s, target := startSSHD(t, opensshd.Options{})
	m := newMark()
	for name, command := range map[string]string{
		"ssh -W": string(m) + " exec ssh " + strings.Join(quoted(s.SSHArgs()[:len(s.SSHArgs())-1]), " ") + " -W " + s.Addr + " " + pool.Quote(s.User+"@"+s.Host),
		"helper": string(m) + " sh -c " + pool.Quote("sleep 600 & "+spliceCommand(t, s.Addr)),
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			through := target
			through.Proxy = command
			p := pool.New(pool.Config{Linger: -1})
			for range 2 {
				got := run(t.Context(), p, through, &transport.Command{Script: "cat; exit 3", Stdin: strings.NewReader("text")})
				if got.err != nil || got.status.Code != 3 || got.out != "text" {
					t.Errorf("%+v", got)
				}
			}
			if len(m.alive()) == 0 {
				t.Error("the proxy command did not run")
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			m.mustEnd(t)
		})
	}
}

func quoted(words []string) []string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = pool.Quote(w)
	}
	return q
}

func TestAProxyCommandThatFailsIsToldAsThat(t *testing.T) {
	t.Parallel()
	target := targetAt(listen(t).Addr())
	p := newPool(t, pool.Config{})
	m := newMark()
	for command, words := range map[string][]string{
		"exit 1":    {"proxy command"},
		"sleep 600": {"the proxy command runs, but brought no SSH banner: timed out after"},
		string(m) + " sh -c 'echo this is not SSH; sleep 600'": {"no SSH banner", "this is not SSH"},
		"echo no route there >&2; exit 1":                      {"proxy command", "no route there"},
	} {
		through := target
		through.Proxy = command
		through.Link.ConnectTimeout = 3 * time.Second
		got := run(t.Context(), p, through, &transport.Command{Script: "true"})
		if e := failedAs(t, got.err, transport.KindUnreachable, words...); e.Sent || !e.Stopped {
			t.Errorf("got %#v", e)
		}
	}
	m.mustEnd(t)
}

func TestKeepaliveFindsALinkThatHasGoneSilent(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{})
	network := newRelay(t, &target)
	target.Link.Keepalive, target.Link.KeepaliveMax = 100*time.Millisecond, 20
	p := newPool(t, pool.Config{Linger: -1})
	out := watch("ready")
	done := make(chan error, 1)
	go func() {
		_, err := p.Run(t.Context(), target, &transport.Command{Script: "echo ready; sleep 600", Stdout: out, Grace: time.Second})
		done <- err
	}()
	<-out.seen
	network.silence()
	if e := failedAs(t, <-done, transport.KindLost, "stopped answering"); !e.Sent || e.Stopped {
		t.Errorf("got %#v", e)
	}
}

// A quiet command on a healthy link is not lost, whatever the server answers to
// the probes.
func TestKeepaliveTakesEveryAnswerForASignOfLife(t *testing.T) {
	t.Parallel()
	for name, success := range map[string]bool{"failure": false, "success": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			probes := make(chan struct{}, 1000)
			target := answering(t, success, probes)
			target.Link.Keepalive, target.Link.KeepaliveMax = 50*time.Millisecond, 30
			p := newPool(t, pool.Config{Linger: -1})
			nc, err := p.Dial(t.Context(), target, "tcp", "nowhere:1")
			if err != nil {
				t.Fatal(err)
			}
			for range 32 { // more than KeepaliveMax allows to go unanswered
				select {
				case <-probes:
				case <-time.After(patience):
					t.Fatal("no probe came")
				}
			}
			if _, err := nc.Write([]byte("still here")); err != nil {
				t.Errorf("the connection is lost: %v", err)
			}
			if err := nc.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		})
	}
}

// oneClient is a server of the test's own: serve speaks SSH with the first client,
// and what it starts with work is waited for.
func oneClient(t *testing.T, serve func(nc net.Conn, conf *ssh.ServerConfig, work *sync.WaitGroup)) transport.Target {
	t.Helper()
	key, err := sshd.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	conf := &ssh.ServerConfig{NoClientAuth: true}
	conf.AddHostKey(key)
	ln := listen(t)
	var work sync.WaitGroup
	t.Cleanup(func() {
		_ = ln.Close()
		work.Wait()
	})
	work.Go(func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		serve(nc, conf, &work)
	})
	return targetAt(ln.Addr())
}

// answering is a server that accepts every channel, says nothing on it, and
// answers global requests as it is told.
func answering(t *testing.T, success bool, probes chan<- struct{}) transport.Target {
	t.Helper()
	return oneClient(t, func(nc net.Conn, conf *ssh.ServerConfig, work *sync.WaitGroup) {
		_, chans, reqs, err := ssh.NewServerConn(nc, conf)
		if err != nil {
			return
		}
		work.Go(func() {
			for ch := range chans {
				if c, r, err := ch.Accept(); err == nil {
					go ssh.DiscardRequests(r)
					go func() { _, _ = c.Read(make([]byte, 64)) }()
				}
			}
		})
		for r := range reqs {
			_ = r.Reply(success, nil)
			probes <- struct{}{}
		}
	})
}
