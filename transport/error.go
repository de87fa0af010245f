package transport

import (
	"context"
	"errors"
	"fmt"
)

// Kind says which sort of thing went wrong on a host. Kinds are stable: scripts
// see them in events.
type Kind string

// The kinds.
const (
	KindUnreachable Kind = "unreachable" // no connection: name, route, refused port, timeout while dialing
	KindAuth        Kind = "auth"        // the server refused the login, or a key could not be used
	KindHostKey     Kind = "hostkey"     // the server's key is unknown, changed or revoked
	KindRefused     Kind = "refused"     // connected, but the server refused the request
	KindLost        Kind = "lost"        // the connection ended while something ran on it
	KindTimeout     Kind = "timeout"     // the time for the command was over
	KindCanceled    Kind = "canceled"    // the caller gave up
	KindInternal    Kind = "internal"    // everything else, such as a Writer that failed
)

// An Error is a failure on a host.
type Error struct {
	Op   string // what was tried, in the user's words: "dial", "login", "run", "stop"
	Host string // the target's name
	Kind Kind
	Err  error
	// Hint is one short thing to do about it; empty where there is none.
	Hint string
	// Sent is set when the command was handed to the server, so that it may
	// have begun, and may have changed something.
	Sent bool
	// Stopped is set when nothing of the command is left: it was never
	// begun, or it was stopped and its end was verified.
	Stopped bool
}

func (e *Error) Error() string {
	s := e.Op
	if e.Host != "" {
		s = fmt.Sprintf("%s: %s", e.Host, s)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrNoForwarding is in the chain of an error of Dial where the host does not let
// its users connect onward, so that another try is of no use.
var ErrNoForwarding = errors.New("it does not allow forwarding")

// KindOf tells the kind of err: that of the *Error in its chain, or what the
// context errors say. A nil error has no kind.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.DeadlineExceeded):
		return KindTimeout
	case errors.Is(err, context.Canceled):
		return KindCanceled
	default:
		return KindInternal
	}
}

// SafeToRetry reports whether the same thing can be tried again without
// running a command twice: it was not sent, and a second try might go better.
func SafeToRetry(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Sent {
		return false
	}
	return e.Kind == KindUnreachable || e.Kind == KindLost
}
