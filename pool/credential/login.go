package credential

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// The methods, RFC 4252 and RFC 4256.
const (
	publickey   = "publickey"
	interactive = "keyboard-interactive"
	password    = "password"
)

func defaultMethods() []string { return []string{publickey, interactive, password} }

// A Login drives the authentication of one connection. Its methods may be
// called from several goroutines; Next is called by the handshake.
type Login struct {
	// Ended, when set, tells that the connection has ended. x/crypto asks for
	// the next method even then; with Ended, nothing more is tried, and the
	// cause of the end is what ssh.NewClientConn returns. Set it before Next.
	Ended func() bool

	store   *Store
	ctx     context.Context // of the one login; ends with it
	target  *transport.Target
	methods []string
	asker   asker
	agent   *keyAgent

	candidates []*candidate // in the order to offer them

	mu       sync.Mutex
	log      Log
	next     int     // candidates before this one were offered
	signer   *signer // of the last attempt, for publickey
	partial  int     // partial successes so far
	tried    map[string]bool
	rounds   int  // of questions in this login
	answered bool // the password was given; it is given once
	noticed  map[string]bool
}

// Next chooses what to try next. It is for ssh.ClientConfig.AuthCallback;
// ClientConfig.Auth stays empty. Keys are offered one by one, so that a key
// that the agent refuses to sign with is followed by the next one.
func (l *Login) Next(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	if l.ctx.Err() != nil {
		return nil, context.Cause(l.ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Ended != nil && l.Ended() {
		return nil, nil
	}
	l.settle(c)
	for _, m := range l.methods {
		if !slices.Contains(c.AllowedMethods, m) {
			continue
		}
		if auth := l.method(m); auth != nil {
			return auth, nil
		}
	}
	return nil, nil
}

// settle notes what became of the last attempt.
func (l *Login) settle(c *ssh.ClientAuthContext) {
	l.log.Allowed = c.AllowedMethods
	outcome := Denied
	if n := len(c.PartialSuccessMethods); n > l.partial {
		// The next factor: what was refused before may be asked for now.
		outcome, l.partial, l.tried = Partial, n, nil
	}
	if n := len(l.log.Attempts); n > 0 {
		l.log.Attempts[n-1].Outcome = outcome
	}
	l.settleKey()
}

// settleKey tells why a key was not really tried.
func (l *Login) settleKey() {
	s := l.signer
	l.signer = nil
	switch {
	case s == nil:
	case s.err != nil:
		l.note("%s could not sign: %v", s.offer, s.err)
	case !s.sent:
		l.log.Attempts = l.log.Attempts[:len(l.log.Attempts)-1]
		l.note("%s was not offered: the server does not name an algorithm for it that is allowed here (old servers want ssh-rsa, which legacy allows)", s.offer)
	}
}

// method returns the next try of a method, nil where there is none left.
func (l *Login) method(name string) ssh.AuthMethod {
	switch name {
	case publickey:
		if l.next >= len(l.candidates) {
			return nil
		}
		c := l.candidates[l.next]
		l.next++
		offer := c.offer
		l.log.Attempts = append(l.log.Attempts, Attempt{Method: name, Key: &offer})
		l.signer = &signer{login: l, candidate: c}
		return ssh.PublicKeys(l.signer)
	case interactive:
		// Without answers it is still worth a try as a further factor: some
		// servers only show a text there, and wait for a phone.
		if !l.once(name, l.canAnswer() || l.partial > 0) {
			return nil
		}
		return ssh.KeyboardInteractive(l.challenge)
	case password:
		if !l.once(name, l.canAnswer()) {
			return nil
		}
		return ssh.PasswordCallback(l.password)
	}
	return nil
}

// once admits one try of a method for each factor.
func (l *Login) once(name string, possible bool) bool {
	if l.tried[name] || !possible {
		return false
	}
	if l.tried == nil {
		l.tried = make(map[string]bool)
	}
	l.tried[name] = true
	l.log.Attempts = append(l.log.Attempts, Attempt{Method: name})
	return true
}

// canAnswer reports whether there is a password left to give, or a user to ask.
// A host whose key was not checked may be anybody: it gets no password.
func (l *Login) canAnswer() bool {
	if l.target.HostKey.Policy == transport.HostKeyOff {
		if l.target.Login.Password.IsSet() && !l.answered {
			l.answered = true
			l.note("the password was not given, as the host's key is not checked")
		}
		return false
	}
	return l.target.Login.Password.IsSet() && !l.answered || l.canAsk()
}

// canAsk reports whether the user may be asked about this host: not where a
// password was given beforehand, which is tried once.
func (l *Login) canAsk() bool {
	cfg := &l.target.Login
	return l.asker.ask != nil && !l.asker.onlyPassphrases && !cfg.Batch && !cfg.Password.IsSet() &&
		l.target.HostKey.Policy != transport.HostKeyOff
}

// Log tells what happened so far. err is what ssh.NewClientConn returned; nil
// says that it succeeded, and the last attempt was the accepted one.
func (l *Login) Log(err error) Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	log := l.log
	log.Attempts, log.Notices = slices.Clone(log.Attempts), slices.Clone(log.Notices)
	if err != nil {
		return log
	}
	if n := len(log.Attempts); n > 0 {
		log.Attempts[n-1].Outcome = Accepted
	} else {
		log.Attempts = []Attempt{{Method: "none", Outcome: Accepted}}
	}
	return log
}

// notice keeps a line for the user, once.
func (l *Login) notice(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(format, args...)
}

// note does the same; l.mu is held.
func (l *Login) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if l.noticed[text] {
		return
	}
	if l.noticed == nil {
		l.noticed = make(map[string]bool)
	}
	l.noticed[text] = true
	l.log.Notices = append(l.log.Notices, text)
	l.store.logger().Debug(text, "host", l.target.Label())
}
