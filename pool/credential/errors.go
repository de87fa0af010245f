package credential

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// A RefusedError says that the server let none of our keys and passwords in.
type RefusedError struct {
	User string
	Log  Log
	// Left counts the keys that had no turn, because the server hung up.
	Left int
	// Methods are those that the configuration allows.
	Methods []string
	Err     error // what x/crypto said
}

// Refused returns what to tell the user when err, from ssh.NewClientConn, is
// the end of a login that the server refused; nil when it is something else: a
// host key, a lost connection, an expired context.
func (l *Login) Refused(err error) *RefusedError {
	log := l.Log(errors.Join(err, errUnknown))
	if err == nil || log.Allowed == nil || l.ctx.Err() != nil || isLost(err) {
		return nil
	}
	refused := &RefusedError{User: l.target.User, Log: log, Methods: l.methods, Err: err}
	// The last attempt has no outcome when the server hung up on it, as it
	// does after too many keys.
	if n := len(log.Attempts); n > 0 && log.Attempts[n-1].Outcome == "" {
		log.Attempts[n-1].Outcome = Denied
		l.mu.Lock()
		refused.Left = len(l.candidates) - l.next
		l.mu.Unlock()
	}
	return refused
}

// errUnknown makes Log see a failure in every case.
var errUnknown = errors.New("not finished")

// isLost tells the end of a connection from an answer of the server.
func isLost(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (e *RefusedError) Error() string {
	s := fmt.Sprintf("the server refused %q", e.User)
	if slices.ContainsFunc(e.Log.Attempts, func(a Attempt) bool { return a.Outcome == Partial }) {
		s = fmt.Sprintf("the server wants more than one proof of %q, and not all were given", e.User)
	}
	if tried := e.tried(); tried != "" {
		s += "; tried " + tried
	} else {
		s += "; there was nothing to try"
	}
	return s + "; it accepts " + strings.Join(cleanAll(e.Log.Allowed), ", ")
}

// shownKeys is how many keys an error names.
const shownKeys = 3

// tried lists the methods, and the keys that were offered.
func (e *RefusedError) tried() string {
	var parts, keys []string
	for _, a := range e.Log.Attempts {
		switch {
		case a.Key != nil:
			keys = append(keys, a.Key.String())
		case !slices.Contains(parts, a.Method):
			parts = append(parts, a.Method)
		}
	}
	if len(keys) > 0 {
		more := len(keys) - shownKeys
		text := "publickey (" + strings.Join(keys[:min(len(keys), shownKeys)], ", ")
		if more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		parts = slices.Insert(parts, 0, text+")")
	}
	return strings.Join(parts, ", ")
}

// Hint is what to do about it: what was left out if anything was, since that
// is mostly the cause.
func (e *RefusedError) Hint() string {
	switch {
	case e.Left > 0:
		return fmt.Sprintf("the server hung up after %d tries, %d more keys had no turn: name the right one in the configuration", len(e.Log.Attempts), e.Left)
	case len(e.Log.Notices) > 0:
		return e.Log.Notices[0]
	case slices.ContainsFunc(e.Log.Attempts, func(a Attempt) bool { return a.Key != nil }):
		return "check the user name, and that the account on the host knows one of these keys"
	case len(e.Log.Attempts) > 0:
		return "check the user name and the password"
	}
	key := e.offers(publickey)
	switch word := e.offers(password) || e.offers(interactive); {
	case key && word:
		return "load a key with ssh-add, name one in the configuration, or give a password with -k"
	case key:
		return "load a key with ssh-add, or name one in the configuration"
	case word:
		return "the host wants a password: give it with -k"
	case len(e.Log.Allowed) > 0:
		return "the configuration allows none of these (PubkeyAuthentication, PasswordAuthentication, KbdInteractiveAuthentication, PreferredAuthentications)"
	default:
		return ""
	}
}

// offers reports whether a method that the server takes is allowed here.
func (e *RefusedError) offers(method string) bool {
	return slices.Contains(e.Log.Allowed, method) && slices.Contains(e.Methods, method)
}

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

func cleanAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = clean(s)
	}
	return out
}
