package credential

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"fleet/transport"
)

// callerThat is a caller who is asked by answer.
func callerThat(id string, answer func(context.Context, Question) (transport.Secret, error)) *transport.Caller {
	return &transport.Caller{ID: id, Ask: answer}
}

func as(t *testing.T, c *transport.Caller) context.Context {
	return transport.WithCaller(t.Context(), c)
}

// loginAs logs in on behalf of c.
func loginAs(t *testing.T, s *Store, c *transport.Caller, tg *transport.Target, cfg *ssh.ServerConfig) (Log, error) {
	t.Helper()
	l, err := s.Login(as(t, c), tg)
	check(t, err)
	err = handshake(t, l, cfg)
	return l.Log(err), err
}

func TestEachCallerAnswersForItself(t *testing.T) {
	path, key := lockedFile(t)
	s := newStore(t, func(context.Context, Question) (transport.Secret, error) {
		t.Error("the store's own prompt was used")
		return secret("right"), nil
	})
	tg := target(transport.Login{Identities: []string{path}, Explicit: true})
	refused := map[string]*atomic.Int32{"empty": {}, "wrong": {}, "none": {}}
	for name, answer := range map[string]func() (transport.Secret, error){
		"empty": func() (transport.Secret, error) { return secret(""), nil },
		"wrong": func() (transport.Secret, error) { return secret("no"), nil },
		"none":  func() (transport.Secret, error) { return transport.Secret{}, errors.New("no terminal") },
	} {
		for range 2 { // each time as another operation of the same process
			c := callerThat(name, func(context.Context, Question) (transport.Secret, error) {
				refused[name].Add(1)
				return answer()
			})
			if log, err := loginAs(t, s, c, tg, accept(key)); err == nil {
				t.Errorf("%s: logged in: %+v", name, log)
			}
		}
	}
	for name, want := range map[string]int32{"empty": 1, "wrong": 3, "none": 1} {
		if n := refused[name].Load(); n != want {
			t.Errorf("%s: asked %d times, want %d", name, n, want)
		}
	}
	if log, err := loginAs(t, s, &transport.Caller{ID: "mute"}, tg, accept(key)); err == nil || !strings.Contains(fmt.Sprint(log.Notices), "load it with ssh-add") {
		t.Errorf("nobody to ask: %v, %+v", err, log)
	}
	good := callerThat("good", func(context.Context, Question) (transport.Secret, error) { return secret("right"), nil })
	if _, err := loginAs(t, s, good, tg, accept(key)); err != nil {
		t.Errorf("with the right answer: %v", err)
	}
	if _, err := loginAs(t, s, callerThat("wrong", nil), tg, accept(key)); err != nil {
		t.Errorf("with a key that somebody else opened: %v", err)
	}
	s.Reset()
	asked := false
	again := callerThat("empty", func(context.Context, Question) (transport.Secret, error) {
		asked = true
		return secret("right"), nil
	})
	if _, err := loginAs(t, s, again, tg, accept(key)); err != nil || !asked {
		t.Errorf("after Reset: %v, asked: %v", err, asked)
	}
}

func TestAnOpenQuestionHoldsUpNobodyElse(t *testing.T) {
	path, key := lockedFile(t)
	s := newStore(t, nil)
	tg := target(transport.Login{Identities: []string{path}, Explicit: true})
	open := make(chan struct{})
	away, leave := context.WithCancel(t.Context())
	silent := callerThat("silent", func(ctx context.Context, _ Question) (transport.Secret, error) {
		close(open)
		select { // as the pool bounds it: the login goes on, and who was asked has gone
		case <-away.Done():
		case <-ctx.Done():
		}
		return transport.Secret{}, away.Err()
	})
	var first sync.WaitGroup
	first.Go(func() {
		if _, err := loginAs(t, s, silent, tg, accept(key)); err != nil {
			t.Errorf("who gave up has the key that another one opened: %v", err)
		}
	})
	<-open
	other := callerThat("other", func(context.Context, Question) (transport.Secret, error) { return secret("right"), nil })
	if _, err := loginAs(t, s, other, tg, accept(key)); err != nil {
		t.Error(err)
	}
	leave()
	first.Wait()
}

func TestWhoGaveUpOnAQuestionIsAskedAgain(t *testing.T) {
	path, key := lockedFile(t)
	s := newStore(t, nil)
	tg := target(transport.Login{Identities: []string{path}, Explicit: true})
	gone := callerThat("one", func(context.Context, Question) (transport.Secret, error) {
		return transport.Secret{}, fmt.Errorf("interrupted: %w", context.Canceled)
	})
	if _, err := loginAs(t, s, gone, tg, accept(key)); err == nil {
		t.Error("logged in")
	}
	back := callerThat("one", func(context.Context, Question) (transport.Secret, error) { return secret("right"), nil })
	if _, err := loginAs(t, s, back, tg, accept(key)); err != nil {
		t.Error(err)
	}
}

func TestOnlyPassphrasesIsTheCallersOwn(t *testing.T) {
	s := newStore(t, nil)
	s.OnlyPassphrases = true
	tg := target(transport.Login{})
	server := func() *ssh.ServerConfig {
		return &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
			if string(p) != "right" {
				return nil, errors.New("wrong")
			}
			return nil, nil
		}}
	}
	answer := func(context.Context, Question) (transport.Secret, error) { return secret("right"), nil }
	if _, err := loginAs(t, s, callerThat("one", answer), tg, server()); err != nil {
		t.Error(err)
	}
	many := callerThat("many", answer)
	many.OnlyPassphrases = true
	if _, err := loginAs(t, s, many, tg, server()); err == nil {
		t.Error("a password was asked for")
	}
}

// What a user did just before a command must count, however busy the store is with
// the commands of others.
func TestFilesAreLookedAtAgainForAnotherCaller(t *testing.T) {
	path := keyFile(t, newEd25519(t))
	s := newStore(t, nil)
	offers := func(id string) []string {
		t.Helper()
		l, err := s.Login(as(t, &transport.Caller{ID: id}), target(transport.Login{Identities: []string{path}}))
		check(t, err)
		var list []string
		for _, c := range l.candidates {
			list = append(list, c.offer.Fingerprint)
		}
		return list
	}
	before := offers("one")
	key := newEd25519(t)
	fresh, err := os.ReadFile(keyFile(t, key))
	check(t, err)
	check(t, os.WriteFile(path, fresh, 0o600))
	later := time.Now().Add(time.Minute)
	check(t, os.Chtimes(path, later, later))
	if got := offers("one"); got[0] != before[0] {
		t.Error("the same caller looked again within a second")
	}
	if got, want := offers("two"), ssh.FingerprintSHA256(publicOf(t, key)); len(got) != 1 || got[0] != want {
		t.Errorf("another caller was offered %q, want %q", got, want)
	}
}

func TestResetConnectsToTheAgentAnew(t *testing.T) {
	key := newEd25519(t)
	socket, a := serveAgent(t, agent.AddedKey{PrivateKey: key})
	s := newStore(t, nil)
	tg := target(transport.Login{Agent: socket})
	for want := range int32(3) {
		if log, err := login(t, s, tg, accept(publicOf(t, key))); err != nil || accepted(log) == "" {
			t.Fatalf("got %v, %+v", err, log)
		}
		if n := a.conns.Load(); n != want+1 {
			t.Errorf("%d connections to the agent, want %d", n, want+1)
		}
		s.Reset()
	}
}

// What was added to the agent just before a command must count.
func TestTheAgentIsAskedAgainForAnotherCaller(t *testing.T) {
	key := newEd25519(t)
	socket, a := serveAgent(t)
	s := newStore(t, nil)
	tg := target(transport.Login{Agent: socket})
	if _, err := loginAs(t, s, &transport.Caller{ID: "one"}, tg, accept(publicOf(t, key))); err == nil {
		t.Error("logged in without a key")
	}
	check(t, a.Add(agent.AddedKey{PrivateKey: key}))
	if _, err := loginAs(t, s, &transport.Caller{ID: "two"}, tg, accept(publicOf(t, key))); err != nil {
		t.Error(err)
	}
}
