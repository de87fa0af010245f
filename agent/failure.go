package agent

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"

	"fleet/transport"
)

// The shapes of an error on the way.
const (
	failureNone = iota
	failureSelf // one of marks itself
	failureHost // a *transport.Error
	failureText // any other: its text, and what errors.Is finds in it
)

// marks are the errors that stay themselves on the way, so that errors.Is finds
// them. Their order is part of the protocol.
func marks() []error {
	return []error{
		transport.ErrNoForwarding, net.ErrClosed, context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded,
		io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, fs.ErrNotExist, fs.ErrPermission, fs.ErrExist,
	}
}

// failure is an error. What is read prints as what was written; marks and the
// innermost *transport.Error are found in it.
func (x *codec) failure(err *error) {
	x.nested(func() {
		if x.reading {
			*err = x.readFailure()
		} else {
			x.writeFailure(*err)
		}
	})
}

func (x *codec) writeFailure(err error) {
	shape := failureNone
	switch e := any(err).(type) { // the shape of this one, not of what it wraps
	case nil:
		x.integer(&shape)
	case *transport.Error:
		shape = failureHost
		x.integer(&shape)
		x.hostError(e)
	default:
		x.writeText(err)
	}
}

func (x *codec) writeText(err error) {
	self, found := slices.Index(marks(), err), 0
	for i, mark := range marks() {
		if errors.Is(err, mark) {
			found |= 1 << i
		}
	}
	shape := failureText
	if self >= 0 {
		shape = failureSelf
		x.integer(&shape)
		x.integer(&self)
		return
	}
	var cause *gaveUp
	var host *transport.Error
	byCaller := errors.As(err, &cause)
	if errors.As(err, &host); byCaller {
		found = 0 // what its cause is, the caller knows
	}
	text := err.Error()
	x.integer(&shape)
	x.text(&text)
	x.integer(&found)
	x.flag(&byCaller)
	var inner error
	if host != nil {
		inner = host
	}
	x.failure(&inner)
}

func (x *codec) readFailure() error {
	var shape int
	switch x.integer(&shape); shape {
	case failureNone:
	case failureSelf:
		var i int
		if x.integer(&i); i >= 0 && i < len(marks()) {
			return marks()[i]
		}
		x.fail()
	case failureHost:
		e := &transport.Error{}
		x.hostError(e)
		return e
	case failureText:
		return x.readText()
	default:
		x.fail()
	}
	return nil
}

func (x *codec) readText() error {
	e := &sentError{}
	var found int
	x.text(&e.text)
	x.integer(&found)
	x.flag(&e.byCaller)
	var inner error
	if x.failure(&inner); inner != nil {
		e.is = append(e.is, inner)
	}
	for i, mark := range marks() {
		if found&(1<<i) != 0 {
			e.is = append(e.is, mark)
		}
	}
	return e
}

func (x *codec) hostError(e *transport.Error) {
	x.text(&e.Op)
	x.text(&e.Host)
	x.text((*string)(&e.Kind))
	x.text(&e.Hint)
	x.flag(&e.Sent)
	x.flag(&e.Stopped)
	x.failure(&e.Err)
}

// A sentError is an error of the other side.
type sentError struct {
	text     string
	byCaller bool // the caller's own cause is in its chain
	is       []error
}

func (e *sentError) Error() string   { return e.text }
func (e *sentError) Unwrap() []error { return e.is }

// withCause puts the caller's cause into the chain of err where that came back
// from the agent.
func withCause(ctx context.Context, err error) error {
	var e *sentError
	if cause := context.Cause(ctx); cause != nil && errors.As(err, &e) && e.byCaller {
		e.is = append(e.is, cause)
	}
	return err
}

// gaveUp is an error: the cause of the operation's context in the agent.
func (m *gaveUp) Error() string { return m.text }

// Is makes a time limit of the caller one in the agent as well.
func (m *gaveUp) Is(target error) bool {
	if m.kind == transport.KindTimeout {
		return target == context.DeadlineExceeded
	}
	return target == context.Canceled
}
