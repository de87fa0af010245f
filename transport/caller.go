package transport

import (
	"context"
	"time"
)

// A Caller is the one on whose behalf something is done, as far as a transport
// has to turn to somebody on the way: to ask for a passphrase, to say that a host
// key was stored. It travels with the context, because a transport may serve many
// callers at one time, and what one of them began may serve the others.
//
// Its functions may be called from several goroutines at a time. All fields are
// optional.
type Caller struct {
	// ID is equal for callers that stand for one process of the user: what one
	// of them was asked for and did not answer is not asked of the others. Empty:
	// nothing is remembered beyond one connection.
	ID string
	// Ask asks the user; nil where nobody can be asked. An error is "no
	// answer".
	Ask func(ctx context.Context, q Question) (Secret, error)
	// OnlyPassphrases keeps Ask from being asked for anything else: among
	// many hosts nobody wants to type a password for each.
	OnlyPassphrases bool
	// Notice is told what the user should know about a host, such as a host
	// key that was stored. The text is safe to print.
	Notice func(host, text string)
	// Connected is told of each login that the caller's work began, with the
	// time from the first packet on.
	Connected func(host string, took time.Duration)
	// Env and Dir are the environment and the working directory of programs
	// that are started here for a connection (ProxyCommand); nil and empty are
	// those of this process.
	Env []string
	Dir string
}

// A QuestionKind says what a question is about.
type QuestionKind int

// The kinds of questions.
const (
	AskPassphrase QuestionKind = iota // of a private key file
	AskPassword                       // of the account on the host
	AskChallenge                      // a question of the server (RFC 4256)
)

// A Question is something only the user knows.
type Question struct {
	Kind QuestionKind
	// Text is the question, one line, safe to print: "Passphrase for /home/a/.ssh/id_rsa: ".
	Text string
	// Instruction is what the server wants said before a challenge; safe to
	// print, perhaps several lines, mostly empty.
	Instruction string
	// Echo is set when the answer may be shown while it is typed.
	Echo bool
	// File is the key of a passphrase; Host and User are set for the others.
	File, Host, User string
	// Try counts from 1; a second try means that the first answer was wrong.
	Try int
}

type callerKey struct{}

// WithCaller returns a context for work on behalf of c.
func WithCaller(ctx context.Context, c *Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf is on whose behalf work with ctx is done; nil where nobody said so.
func CallerOf(ctx context.Context) *Caller {
	c, _ := ctx.Value(callerKey{}).(*Caller)
	return c
}
