package credential

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"fleet/transport"
)

// A testAgent serves a keyring, and can be told to hang or hang up.
type testAgent struct {
	agent.ExtendedAgent
	conns atomic.Int32

	mu      sync.Mutex
	live    []net.Conn
	refuse  ssh.PublicKey   // does not sign with it
	confirm <-chan struct{} // signing waits for this
}

func (a *testAgent) SignWithFlags(key ssh.PublicKey, data []byte, flags agent.SignatureFlags) (*ssh.Signature, error) {
	a.mu.Lock()
	refuse, confirm := a.refuse, a.confirm
	a.mu.Unlock()
	if confirm != nil {
		<-confirm
	}
	if refuse != nil && string(refuse.Marshal()) == string(key.Marshal()) {
		return nil, errors.New("refused")
	}
	return a.ExtendedAgent.SignWithFlags(key, data, flags)
}

// hangUp ends all connections.
func (a *testAgent) hangUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.live {
		c.Close()
	}
	a.live = nil
}

// serveAgent serves an agent with these keys until the test ends.
func serveAgent(t *testing.T, keys ...agent.AddedKey) (socket string, a *testAgent) {
	t.Helper()
	a = &testAgent{ExtendedAgent: agent.NewKeyring().(agent.ExtendedAgent)}
	for _, k := range keys {
		check(t, a.Add(k))
	}
	socket = shortSocket(t)
	ln, err := net.Listen("unix", socket)
	check(t, err)
	var served sync.WaitGroup
	served.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			a.conns.Add(1)
			a.mu.Lock()
			a.live = append(a.live, c)
			a.mu.Unlock()
			served.Go(func() { _ = agent.ServeAgent(a, c); c.Close() })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		a.hangUp()
		served.Wait()
	})
	return socket, a
}

// shortSocket is a path that fits into a socket address, which t.TempDir may not.
func shortSocket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestAllLoginsShareOneConnectionToTheAgent(t *testing.T) {
	key := newEd25519(t)
	socket, a := serveAgent(t, agent.AddedKey{PrivateKey: key, Comment: "me@laptop"})
	s := newStore(t, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			log, err := login(t, s, target(transport.Login{Agent: socket}), accept(publicOf(t, key)))
			if err != nil || len(log.Attempts) != 1 || log.Attempts[0].Key.Comment != "me@laptop" {
				t.Errorf("got %v, %+v", err, log)
			}
		})
	}
	wg.Wait()
	if n := a.conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestAgentThatHungUpIsConnectedAgain(t *testing.T) {
	key := newEd25519(t)
	socket, a := serveAgent(t, agent.AddedKey{PrivateKey: key})
	s := newStore(t, nil)
	for range 3 {
		if _, err := login(t, s, target(transport.Login{Agent: socket}), accept(publicOf(t, key))); err != nil {
			t.Error(err)
		}
		a.hangUp()
	}
	if n := a.conns.Load(); n < 2 {
		t.Errorf("%d connections", n)
	}
}

func TestKeyTheAgentRefusesIsFollowedByTheNext(t *testing.T) {
	first, second := newEd25519(t), newEd25519(t)
	socket, a := serveAgent(t, agent.AddedKey{PrivateKey: first}, agent.AddedKey{PrivateKey: second})
	a.refuse = publicOf(t, first)
	s := newStore(t, nil)
	log, err := login(t, s, target(transport.Login{Agent: socket}), accept(publicOf(t, first), publicOf(t, second)))
	if err != nil || accepted(log) != ssh.FingerprintSHA256(publicOf(t, second)) {
		t.Errorf("got %v, %+v", err, log)
	}
	if len(log.Notices) != 1 || !strings.Contains(log.Notices[0], "could not sign") {
		t.Errorf("notices %q", log.Notices)
	}
}

func TestAgentThatWaitsForTheUserHangsNobodyForEver(t *testing.T) {
	key := newEd25519(t)
	socket, a := serveAgent(t, agent.AddedKey{PrivateKey: key})
	confirm := make(chan struct{})
	a.confirm = confirm
	defer close(confirm)
	s := newStore(t, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	l, err := s.Login(ctx, target(transport.Login{Agent: socket}))
	check(t, err)
	cause := errors.New("login took too long")
	cfg := accept(publicOf(t, key))
	accept := cfg.PublicKeyCallback
	cfg.PublicKeyCallback = func(c ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		defer cancel(cause) // the answer to the question is on its way; signing follows
		return accept(c, k)
	}
	if err := handshake(t, l, cfg); err == nil {
		t.Error("logged in")
	}
	if err := l.Refused(errors.New("closed")); err != nil {
		t.Errorf("a login that took too long is no refusal: %v", err)
	}
}

func TestDeadAgentIsNoticed(t *testing.T) {
	key := newEd25519(t)
	s := newStore(t, nil)
	socket := shortSocket(t)
	log, err := login(t, s, target(transport.Login{Agent: socket, Identities: []string{keyFile(t, key)}}), accept(publicOf(t, key)))
	if err != nil || accepted(log) == "" || len(log.Notices) != 1 || !strings.Contains(log.Notices[0], socket) {
		t.Errorf("got %v, %+v", err, log)
	}
}

func TestMuteAgentIsWaitedForNoLongerThanTheLogin(t *testing.T) {
	socket := shortSocket(t)
	ln, err := net.Listen("unix", socket)
	check(t, err)
	defer ln.Close()
	s := newStore(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	l, err := s.Login(ctx, target(transport.Login{Agent: socket}))
	if err != nil || len(l.Log(nil).Notices) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestClosedStoreUsesNoAgent(t *testing.T) {
	socket, _ := serveAgent(t)
	s := newStore(t, nil)
	check(t, s.Close())
	l, err := s.Login(t.Context(), target(transport.Login{Agent: socket}))
	if err != nil || len(l.Log(nil).Notices) != 1 {
		t.Errorf("got %v", err)
	}
}

// TestAgainstSSHAgent logs in with keys that the real agent holds.
func TestAgainstSSHAgent(t *testing.T) {
	program, add := tool(t, "ssh-agent"), tool(t, "ssh-add")
	socket := shortSocket(t)
	cmd := exec.Command(program, "-D", "-a", socket)
	check(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	awaitSocket(t, socket)
	ed, rs := newEd25519(t), newRSA(t)
	edPath, rsPath := keyFile(t, ed), keyFile(t, rs)
	cert := certify(t, ed, nil)
	writePublic(t, edPath+"-cert.pub", cert)
	addCmd := exec.Command(add, "-q", edPath, rsPath)
	addCmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	if out, err := addCmd.CombinedOutput(); err != nil {
		t.Fatalf("ssh-add: %v: %s", err, out)
	}
	s := newStore(t, nil)
	for _, key := range []ssh.PublicKey{publicOf(t, ed), publicOf(t, rs), cert} {
		log, err := login(t, s, target(transport.Login{Agent: socket}), accept(key))
		if err != nil || accepted(log) != ssh.FingerprintSHA256(plainKey(key)) {
			t.Errorf("%s: got %v, %+v", key.Type(), err, log)
		}
	}
	if log, err := login(t, s, target(transport.Login{Agent: socket, Identities: []string{publicFile(t, publicOf(t, rs))}, Explicit: true, IdentitiesOnly: true}), accept(publicOf(t, rs))); err != nil || len(log.Attempts) != 1 {
		t.Errorf("public key file: got %v, %+v", err, log)
	}
}

// awaitSocket waits until the agent accepts connections.
func awaitSocket(t *testing.T, socket string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("ssh-agent does not start")
		}
	}
}
