package credential

import (
	"context"
	"log/slog"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// A Store holds what was loaded to log in with: keys, certificates, the
// connections to agents. Its zero value is ready. Its methods are safe for
// concurrent use; the fields may not change after the first call.
type Store struct {
	// Prompt asks the user; nil asks nothing. One question is asked at a
	// time. An error is "no answer": the thing that needed it is left out,
	// and the same passphrase is not asked for again.
	Prompt func(ctx context.Context, q Question) (transport.Secret, error)
	// Logger receives details for debugging; nil discards them.
	Logger *slog.Logger
}

// Preload loads what the targets need and asks for all passphrases, so that no
// question comes up while a server waits. What is wrong with one target's keys
// is left for its Login to report; the error is that of ctx.
func (s *Store) Preload(ctx context.Context, targets []transport.Target) error {
	return ctx.Err()
}

// Login prepares one login to t. It reads files and asks the agent, but does
// not touch the network. ctx bounds the whole login: agent, prompts. An error
// is a *transport.Error of KindAuth that names the file which is wrong.
func (s *Store) Login(ctx context.Context, t *transport.Target) (*Login, error) {
	return &Login{}, nil
}

// Close ends the connections to agents and waits for what runs on them.
func (s *Store) Close() error { return nil }

// A Login drives the authentication of one connection.
type Login struct{}

// Next chooses what to try next. It is for ssh.ClientConfig.AuthCallback;
// ClientConfig.Auth stays empty.
func (l *Login) Next(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) { return nil, nil }

// Log tells what happened so far. err is what ssh.NewClientConn returned, nil
// when it succeeded: the last attempt was then the accepted one.
func (l *Login) Log(err error) Log { return Log{} }

// Refused returns what to tell the user when err, from ssh.NewClientConn, is
// the end of a login that the server refused; nil when it is something else: a
// host key, a lost connection, an expired context.
func (l *Login) Refused(err error) *RefusedError { return nil }
