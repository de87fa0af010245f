//go:build linux

package pool_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// behalf is work for c.
func behalf(ctx context.Context, c *transport.Caller) context.Context {
	return transport.WithCaller(ctx, c)
}

// asks is a caller that answers every question with the password.
func asks(id, password string, asked *atomic.Int32) *transport.Caller {
	return &transport.Caller{ID: id, Ask: func(context.Context, transport.Question) (transport.Secret, error) {
		asked.Add(1)
		return transport.NewSecret(password), nil
	}}
}

// silent is a caller that is asked and does not answer. It tells when it is asked.
func silent(id string) (c *transport.Caller, asked chan struct{}) {
	asked = make(chan struct{}, 8)
	return &transport.Caller{ID: id, Ask: func(ctx context.Context, _ transport.Question) (transport.Secret, error) {
		asked <- struct{}{}
		<-ctx.Done()
		return transport.Secret{}, context.Cause(ctx)
	}}, asked
}

// withPassword starts a server that wants a password, and whose key is checked: a
// host that may be anybody gets none.
func withPassword(t *testing.T) (*sshd.Server, transport.Target) {
	t.Helper()
	s, target := serve(t, sshd.Config{Password: "right"})
	target.HostKey = transport.HostKey{Policy: transport.HostKeyAcceptNew, Files: []string{filepath.Join(t.TempDir(), "known_hosts")}}
	return s, target
}

func TestAnotherCallerNeedNotWaitForAnOpenQuestion(t *testing.T) {
	t.Parallel()
	s, target := withPassword(t)
	p := newPool(t, pool.Config{Linger: -1})
	away, asked := silent("away")
	ctx, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := p.Run(behalf(ctx, away), target, &transport.Command{Script: "true"})
		first <- err
	}()
	<-asked
	var n atomic.Int32
	got := run(behalf(t.Context(), asks("here", "right", &n)), p, target, &transport.Command{Script: "echo hello"})
	if got.err != nil || got.out != "hello\n" || n.Load() != 1 {
		t.Errorf("got %+v, asked %d times", got, n.Load())
	}
	leave()
	// It was given the other connection, or gave up before it saw that.
	if err := <-first; err != nil && transport.KindOf(err) != transport.KindCanceled {
		t.Error(err)
	}
	if open := s.Stats().Accepted; open != 2 {
		t.Errorf("%d connections were made, want 2", open)
	}
}

func TestWhoWaitsForADialThatItsCallerLeavesDialsAnew(t *testing.T) {
	t.Parallel()
	_, target := withPassword(t)
	p := newPool(t, pool.Config{Linger: -1})
	ctx, leave := context.WithCancel(t.Context())
	var n atomic.Int32
	gone, asked := silent("one process")
	first, second := make(chan error, 1), make(chan outcome, 1)
	go func() {
		_, err := p.Run(behalf(ctx, gone), target, &transport.Command{Script: "true"})
		first <- err
	}()
	<-asked
	go func() { // of the same process, so it waits for the answer
		second <- run(behalf(t.Context(), asks("one process", "right", &n)), p, target, &transport.Command{Script: "echo hello"})
	}()
	eventually(t, patience, "waiting", func() bool { return p.Snapshot().Waiting == 2 })
	leave()
	_ = failedAs(t, <-first, transport.KindCanceled)
	if got := <-second; got.err != nil || got.out != "hello\n" || n.Load() != 1 {
		t.Errorf("got %+v, asked %d times", got, n.Load())
	}
}

func TestAWrongAnswerFailsTheOneWhoGaveIt(t *testing.T) {
	t.Parallel()
	_, target := withPassword(t)
	network := newRelay(t, &target)
	network.silence()
	p := newPool(t, pool.Config{Linger: -1})
	var n atomic.Int32
	results := make(map[string]outcome)
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, answer := range []string{"wrong", "right"} {
		all.Go(func() {
			got := run(behalf(t.Context(), asks(answer, answer, &n)), p, target, &transport.Command{Script: "true"})
			mu.Lock()
			defer mu.Unlock()
			results[answer] = got
		})
	}
	eventually(t, patience, "waiting", func() bool { return p.Snapshot().Waiting == 2 })
	network.speak()
	all.Wait()
	if err := results["right"].err; err != nil {
		t.Error(err)
	}
	if err := results["wrong"].err; err != nil && transport.KindOf(err) != transport.KindAuth {
		t.Error(err)
	}
}

func TestADialIsMadeInTheNameOfTheCallerAtHand(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	target.HostKey = transport.HostKey{Policy: transport.HostKeyAcceptNew, Files: []string{filepath.Join(t.TempDir(), "known_hosts")}}
	p := newPool(t, pool.Config{
		Linger:    -1,
		Connected: func(*transport.Target, time.Duration) { t.Error("the pool's own Connected was called") },
		Notice:    func(string, string) { t.Error("the pool's own Notice was called") },
	})
	var told []string
	for _, name := range []string{"first", "second"} {
		c := &transport.Caller{
			Connected: func(host string, _ time.Duration) { told = append(told, "connected "+host) },
			Notice:    func(host, _ string) { told = append(told, "notice "+host) },
		}
		target.Name = name
		if got := run(behalf(t.Context(), c), p, target, &transport.Command{Script: "true"}); got.err != nil {
			t.Fatal(got.err)
		}
		p.Retire()
	}
	if want := []string{"notice first", "connected first", "connected second"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestTheTimeToConnectIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	network := newRelay(t, &target)
	p := newPool(t, pool.Config{Linger: -1})
	if got := run(t.Context(), p, target, &transport.Command{Script: "true"}); got.err != nil {
		t.Fatal(got.err)
	}
	other := target
	other.Link.ConnectTimeout++
	if got := run(t.Context(), p, other, &transport.Command{Script: "true"}); got.err != nil {
		t.Fatal(got.err)
	}
	if n := s.Stats().Accepted; n != 1 {
		t.Errorf("another time to connect cost another connection: %d", n)
	}
	p.Retire()
	network.silence()
	begun := network.accepted()
	var all sync.WaitGroup
	timed := func(name string, limit time.Duration, words string) {
		hurry := target
		hurry.Name, hurry.Link.ConnectTimeout = name, limit
		all.Go(func() {
			got := run(t.Context(), p, hurry, &transport.Command{Script: "true"})
			if e := failedAs(t, got.err, transport.KindUnreachable, words); e.Host != name {
				t.Errorf("got %v, want it of %s", e, name)
			}
		})
	}
	timed("patient", 3*time.Second, "timed out after 3s")
	eventually(t, patience, "dialing", func() bool { return network.accepted() > begun })
	timed("in a hurry", 200*time.Millisecond, "timed out after 200ms")
	timed("more patient", 3500*time.Millisecond, "timed out after 3.5s")
	all.Wait()
}

func TestAProxyCommandHasTheEnvironmentOfTheCaller(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	dir, seen := t.TempDir(), filepath.Join(t.TempDir(), "seen")
	target.Proxy = `{ pwd; echo "$WHO"; } > ` + seen + `; ` + spliceCommand(t, target.Addr())
	p := newPool(t, pool.Config{})
	c := &transport.Caller{Dir: dir, Env: []string{"WHO=me", "PATH=" + os.Getenv("PATH")}}
	if got := run(behalf(t.Context(), c), p, target, &transport.Command{Script: "true"}); got.err != nil {
		t.Error(got.err)
	}
	text, err := os.ReadFile(seen)
	if want := dir + "\nme\n"; err != nil || string(text) != want {
		t.Errorf("the command saw %q, want %q; %v", text, want, err)
	}
}

// A jump host that could not be reached is remembered for those who came together,
// and tried again for whoever comes later.
func TestAJumpHostIsTriedAgainForAnotherCaller(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	_, jump := serve(t, sshd.Config{})
	network := newRelay(t, &jump)
	network.silence()
	jump.Name, jump.Link.ConnectTimeout = "bastion", 200*time.Millisecond
	target.Jump = []transport.Target{jump}
	p := newPool(t, pool.Config{Linger: -1})
	one := behalf(t.Context(), &transport.Caller{ID: "one"})
	for range 2 {
		_ = failedAs(t, run(one, p, target, &transport.Command{Script: "true"}).err, transport.KindUnreachable, "via bastion")
	}
	network.speak()
	target.Jump[0].Link.ConnectTimeout = patience
	_ = failedAs(t, run(one, p, target, &transport.Command{Script: "true"}).err, transport.KindUnreachable, "via bastion")
	if got := run(behalf(t.Context(), &transport.Caller{ID: "two"}), p, target, &transport.Command{Script: "true"}); got.err != nil {
		t.Error(got.err)
	}
}

// A passphrase is asked for by the caller whose operation needs it.
func TestAPassphraseTravelsToTheCaller(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("sesame"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	_, target := serve(t, sshd.Config{AuthorizedKeys: []ssh.PublicKey{signer.PublicKey()}})
	target.Login = transport.Login{Identities: []string{file}, Explicit: true}
	target.Link.ConnectTimeout = 10 * patience // to open a key is slow by design
	p := newPool(t, pool.Config{})
	got := run(behalf(t.Context(), &transport.Caller{ID: "mute"}), p, target, &transport.Command{Script: "true"})
	_ = failedAs(t, got.err, transport.KindAuth)
	var n atomic.Int32
	for range 2 {
		if got := run(behalf(t.Context(), asks("one", "sesame", &n)), p, target, &transport.Command{Script: "true"}); got.err != nil {
			t.Error(got.err)
		}
	}
	failing := &transport.Caller{ID: "two", Ask: func(context.Context, transport.Question) (transport.Secret, error) {
		return transport.Secret{}, errors.New("asked though the key is open")
	}}
	if got := run(behalf(t.Context(), failing), p, target, &transport.Command{Script: "true"}); got.err != nil || n.Load() != 1 {
		t.Errorf("got %v, asked %d times", got.err, n.Load())
	}
	if strings.Contains(got.err.Error(), "sesame") {
		t.Error("the passphrase shows")
	}
}
