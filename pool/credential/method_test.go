package credential

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

type (
	passwordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error)
	questionCallback = func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error)
)

// takes accepts one password and counts the tries.
func takes(want string, tries *int) passwordCallback {
	return func(_ ssh.ConnMetadata, got []byte) (*ssh.Permissions, error) {
		*tries++
		if string(got) != want {
			return nil, errors.New("wrong")
		}
		return nil, nil
	}
}

// A round is what a server asks at once, and the answers it wants.
type round struct {
	instruction string
	questions   []string
	echos       []bool
	want        []string
	name        string
}

// asks asks round after round.
func asks(tries *int, rounds ...round) questionCallback {
	return func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		*tries++
		for _, r := range rounds {
			echos := r.echos
			if echos == nil {
				echos = make([]bool, len(r.questions))
			}
			got, err := ask(r.name, r.instruction, r.questions, echos)
			if err != nil || !slices.Equal(got, r.want) {
				return nil, fmt.Errorf("got %q, %w", got, err)
			}
		}
		return nil, nil
	}
}

func TestPasswords(t *testing.T) {
	var tries int
	pass := round{questions: []string{"Password: "}, want: []string{"pw"}}
	code := round{questions: []string{"Verification code: "}, want: []string{"123456"}}
	tests := []struct {
		name     string
		password passwordCallback
		question questionCallback
		methods  []string
		want     string // the attempts
		tries    int
	}{
		{"password", takes("pw", &tries), nil, nil, "password accepted", 1},
		{"wrong password", takes("other", &tries), nil, nil, "password denied", 1},
		{"question", nil, asks(&tries, pass), nil, "keyboard-interactive accepted", 1},
		{"question in another language", nil, asks(&tries, round{questions: []string{"Mot de passe : "}, want: []string{"pw"}}), nil, "keyboard-interactive accepted", 1},
		{"no question", nil, asks(&tries, round{instruction: "hello"}), nil, "keyboard-interactive accepted", 1},
		{"question, then none", nil, asks(&tries, pass, round{}), nil, "keyboard-interactive accepted", 1},
		{"wrong answer is not repeated", takes("pw", &tries), asks(&tries, round{questions: []string{"Password: "}, want: []string{"other"}}), nil, "keyboard-interactive denied", 1},
		{"asked twice", nil, asks(&tries, pass, pass), nil, "keyboard-interactive denied", 1},
		{"code is no password", takes("pw", &tries), asks(&tries, code), nil, "keyboard-interactive denied, password accepted", 2},
		{"shown answer is no password", nil, asks(&tries, round{questions: []string{"Password: "}, echos: []bool{true}, want: []string{"pw"}}), nil, "keyboard-interactive denied", 1},
		{"several questions", nil, asks(&tries, round{questions: []string{"Your PASSWORD: ", "Code: "}, want: []string{"pw", "1"}}), nil, "keyboard-interactive denied", 1},
		{"order of the user", takes("pw", &tries), asks(&tries, pass), []string{"password", "keyboard-interactive"}, "password accepted", 1},
		{"only what the user allows", takes("pw", &tries), asks(&tries, pass), []string{"password"}, "password accepted", 1},
		{"nothing the server accepts", takes("pw", &tries), nil, []string{"publickey"}, "", 0},
		{"nothing at all", takes("pw", &tries), asks(&tries, pass), []string{}, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tries = 0
			s := newStore(t, nil)
			cfg := &ssh.ServerConfig{PasswordCallback: tt.password, KeyboardInteractiveCallback: tt.question}
			l, err := s.Login(t.Context(), target(transport.Login{Password: secret("pw"), Methods: tt.methods}))
			check(t, err)
			err = handshake(t, l, cfg)
			log := l.Log(err)
			if refused := l.Refused(err); refused != nil {
				log = refused.Log
			}
			if got := attempts(log); got != tt.want || tries != tt.tries {
				t.Errorf("got %q with %d tries, %v", got, tries, err)
			}
		})
	}
}

func attempts(log Log) string {
	var list []string
	for _, a := range log.Attempts {
		list = append(list, a.Method+" "+string(a.Outcome))
	}
	return strings.Join(list, ", ")
}

func TestQuestionsGoToTheUser(t *testing.T) {
	var asked []Question
	s := newStore(t, func(_ context.Context, q Question) (transport.Secret, error) {
		asked = append(asked, q)
		return secret(fmt.Sprint(len(asked))), nil
	})
	var tries int
	cfg := &ssh.ServerConfig{KeyboardInteractiveCallback: asks(&tries,
		round{name: "Login", instruction: "Two\x1b[2J factors\r\nplease\u202e", questions: []string{"User\x07 name: ", "Code: "}, echos: []bool{true, false}, want: []string{"1", "2"}},
	)}
	log, err := login(t, s, target(transport.Login{}), cfg)
	check(t, err)
	want := []Question{
		{Kind: Challenge, Text: "User? name: ", Instruction: "Login\nTwo?[2J factors\nplease?", Echo: true, Host: "web1", User: "deploy", Try: 1},
		{Kind: Challenge, Text: "Code: ", Host: "web1", User: "deploy", Try: 1},
	}
	if !slices.Equal(asked, want) || attempts(log) != "keyboard-interactive accepted" {
		t.Errorf("asked %+v, log %s", asked, attempts(log))
	}

	asked = nil
	if _, err := login(t, s, target(transport.Login{}), &ssh.ServerConfig{PasswordCallback: takes("1", &tries)}); err != nil {
		t.Error(err)
	}
	if len(asked) != 1 || asked[0].Kind != Password || asked[0].Text != "Password for deploy@web1: " {
		t.Errorf("asked %+v", asked)
	}
}

func TestEndlessQuestionsEnd(t *testing.T) {
	s := newStore(t, func(context.Context, Question) (transport.Secret, error) { return secret("x"), nil })
	rounds := 0
	cfg := &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		for {
			rounds++
			if _, err := ask("", "", []string{"More? "}, []bool{true}); err != nil {
				return nil, err
			}
		}
	}}
	if _, err := login(t, s, target(transport.Login{}), cfg); err == nil {
		t.Error("logged in")
	}
	if rounds > maxRounds+1 {
		t.Errorf("%d rounds", rounds)
	}
}

func TestSeveralFactors(t *testing.T) {
	first, second := newEd25519(t), newEd25519(t)
	paths := []string{keyFile(t, newEd25519(t)), keyFile(t, first), keyFile(t, second)}
	var tries int
	then := func(next ssh.ServerAuthCallbacks) *ssh.PartialSuccessError {
		return &ssh.PartialSuccessError{Next: next}
	}
	keyThen := func(next ssh.ServerAuthCallbacks) *ssh.ServerConfig {
		cfg := accept(publicOf(t, first))
		inner := cfg.PublicKeyCallback
		cfg.PublicKeyCallback = func(c ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
			if _, err := inner(c, k); err != nil {
				return nil, err
			}
			return nil, then(next)
		}
		return cfg
	}
	passThenKey := &ssh.ServerConfig{PasswordCallback: func(c ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
		if _, err := takes("pw", &tries)(c, p); err != nil {
			return nil, err
		}
		return nil, then(ssh.ServerAuthCallbacks{PublicKeyCallback: accept(publicOf(t, second)).PublicKeyCallback})
	}}
	tests := []struct {
		name string
		cfg  *ssh.ServerConfig
		pass string
		want string
	}{
		{"key, then password", keyThen(ssh.ServerAuthCallbacks{PasswordCallback: takes("pw", &tries)}), "pw", "publickey denied, publickey partial, password accepted"},
		{"key, then question", keyThen(ssh.ServerAuthCallbacks{KeyboardInteractiveCallback: asks(&tries, round{questions: []string{"Password: "}, want: []string{"pw"}})}), "pw", "publickey denied, publickey partial, keyboard-interactive accepted"},
		{"key, then a text without a question", keyThen(ssh.ServerAuthCallbacks{KeyboardInteractiveCallback: asks(&tries, round{instruction: "look at your phone"})}), "", "publickey denied, publickey partial, keyboard-interactive accepted"},
		{"key, then another key", keyThen(ssh.ServerAuthCallbacks{PublicKeyCallback: accept(publicOf(t, second)).PublicKeyCallback}), "", "publickey denied, publickey partial, publickey accepted"},
		{"password, then key", passThenKey, "pw", "password partial, publickey denied, publickey denied, publickey accepted"},
		{"key, then a password we do not have", keyThen(ssh.ServerAuthCallbacks{PasswordCallback: takes("pw", &tries)}), "", "publickey denied, publickey partial"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, nil)
			log, err := login(t, s, target(transport.Login{Identities: paths, Password: secret(tt.pass)}), tt.cfg)
			if got := attempts(log); got != tt.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestServerThatWantsNothing(t *testing.T) {
	s := newStore(t, nil)
	log, err := login(t, s, target(transport.Login{}), &ssh.ServerConfig{NoClientAuth: true})
	if err != nil || attempts(log) != "none accepted" {
		t.Errorf("got %v, %+v", err, log)
	}
}

func TestRefusedTellsWhatWasTriedAndWhatToDo(t *testing.T) {
	var tries int
	keys := []string{keyFile(t, newEd25519(t)), keyFile(t, newECDSA(t)), keyFile(t, newEd25519(t)), keyFile(t, newEd25519(t)), keyFile(t, newEd25519(t))}
	locked, _ := lockedFile(t)
	tests := []struct {
		name  string
		login transport.Login
		cfg   *ssh.ServerConfig
		want  []string
		hint  string
	}{
		{"keys", transport.Login{Identities: keys}, accept(), []string{`the server refused "deploy"; tried publickey (ED25519 SHA256:`, keys[0], ", ECDSA SHA256:", " and 2 more); it accepts publickey"}, "knows one of these keys"},
		{"locked key", transport.Login{Identities: []string{locked}}, accept(), []string{"there was nothing to try; it accepts publickey"}, "ssh-add"},
		{"no key", transport.Login{}, accept(), []string{"there was nothing to try"}, "load a key with ssh-add"},
		{"no password", transport.Login{}, &ssh.ServerConfig{PasswordCallback: takes("pw", &tries)}, []string{"nothing to try; it accepts password"}, "wants a password: give it with -k"},
		{"no key, no password", transport.Login{}, &ssh.ServerConfig{PasswordCallback: takes("pw", &tries), PublicKeyCallback: accept().PublicKeyCallback}, []string{"nothing to try"}, "or give a password with -k"},
		{"no password where none is allowed", transport.Login{Methods: []string{"publickey"}}, &ssh.ServerConfig{PasswordCallback: takes("pw", &tries), PublicKeyCallback: accept().PublicKeyCallback}, []string{"nothing to try"}, "or name one in the configuration"},
		{"nothing is allowed", transport.Login{Password: secret("sesame"), Methods: []string{}}, &ssh.ServerConfig{PasswordCallback: takes("sesame", &tries)}, []string{"nothing to try; it accepts password"}, "the configuration allows none of these"},
		{"wrong password", transport.Login{Password: secret("sesame")}, &ssh.ServerConfig{PasswordCallback: takes("pw", &tries)}, []string{"tried password"}, "check the user name and the password"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, nil)
			l, err := s.Login(t.Context(), target(tt.login))
			check(t, err)
			refused := l.Refused(handshake(t, l, tt.cfg))
			if refused == nil {
				t.Fatal("not refused")
			}
			for _, want := range tt.want {
				if !strings.Contains(refused.Error(), want) {
					t.Errorf("%q lacks %q", refused, want)
				}
			}
			if !strings.Contains(refused.Hint(), tt.hint) || strings.Contains(refused.Error()+refused.Hint(), "\n") || strings.Contains(refused.Error(), "sesame") {
				t.Errorf("error %q, hint %q", refused, refused.Hint())
			}
		})
	}
}

func TestTooManyKeysForTheServerIsARefusal(t *testing.T) {
	var paths []string
	for range 4 {
		paths = append(paths, keyFile(t, newEd25519(t)))
	}
	cfg := accept()
	cfg.MaxAuthTries = 2
	s := newStore(t, nil)
	l, err := s.Login(t.Context(), target(transport.Login{Identities: paths}))
	check(t, err)
	refused := l.Refused(handshake(t, l, cfg))
	if refused == nil || refused.Left == 0 || refused.Left+len(refused.Log.Attempts) != len(paths) || !strings.Contains(refused.Hint(), "had no turn") {
		t.Errorf("got %+v", refused)
	}
}

func TestOtherEndsAreNoRefusals(t *testing.T) {
	s := newStore(t, nil)
	l, err := s.Login(t.Context(), target(transport.Login{}))
	check(t, err)
	if r := l.Refused(errors.New("host key")); r != nil {
		t.Errorf("before authentication: %v", r)
	}
	if _, err := l.Next(&ssh.ClientAuthContext{AllowedMethods: []string{"publickey"}}); err != nil {
		t.Error(err)
	}
	for _, err := range []error{nil, io.EOF, fmt.Errorf("ssh: handshake failed: %w", io.EOF), context.DeadlineExceeded} {
		if r := l.Refused(err); r != nil {
			t.Errorf("%v: %v", err, r)
		}
	}
}

func TestNothingIsTriedAfterTheEnd(t *testing.T) {
	s := newStore(t, func(context.Context, Question) (transport.Secret, error) {
		t.Error("the user was asked")
		return secret(""), nil
	})
	all := &ssh.ClientAuthContext{AllowedMethods: defaultMethods()}
	l, err := s.Login(t.Context(), target(transport.Login{}))
	check(t, err)
	l.Ended = func() bool { return true }
	if auth, err := l.Next(all); auth != nil || err != nil {
		t.Errorf("got %v, %v", auth, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	l, err = s.Login(ctx, target(transport.Login{}))
	check(t, err)
	cause := errors.New("Ctrl-C")
	cancel(cause)
	if auth, err := l.Next(all); auth != nil || !errors.Is(err, cause) {
		t.Errorf("got %v, %v", auth, err)
	}
}
