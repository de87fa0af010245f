package runner

import (
	"errors"
	"fmt"

	"fleet/event"
	"fleet/transport"
)

// result is the host_end event for what a transport returned.
func result(status transport.Status, err error) *event.Event {
	e := &event.Event{Type: event.HostEnd, Status: -1}
	if err == nil {
		e.Outcome, e.Status, e.Signal = event.Failed, status.Code, status.Signal
		if status.OK() {
			e.Outcome = event.OK
		}
		return e
	}
	var te *transport.Error
	if !errors.As(err, &te) {
		te = &transport.Error{Op: "run", Kind: transport.KindOf(err), Err: err, Sent: true}
	}
	e.Outcome, e.Kind, e.Hint = outcome(te), string(te.Kind), te.Hint
	e.Error = message(te)
	return e
}

// outcome tells how a host ended whose command has no status.
func outcome(e *transport.Error) event.Outcome {
	switch e.Kind {
	case transport.KindUnreachable, transport.KindAuth, transport.KindHostKey:
		return event.Unreachable
	case transport.KindLost:
		if e.Sent {
			return event.Unknown
		}
		return event.Unreachable
	case transport.KindTimeout:
		if e.Stopped {
			return event.Timeout
		}
		return event.Unknown
	case transport.KindCanceled:
		if !e.Sent { // it was still connecting
			return event.NotAttempted
		}
		if e.Stopped {
			return event.Stopped
		}
		return event.Unknown
	default:
		return event.Failed
	}
}

// message is what to say about a failure, after the host's name.
func message(e *transport.Error) string {
	text := fmt.Sprintf("%s: %s", e.Op, e.Err)
	switch {
	case e.Op == "run", e.Kind == transport.KindHostKey: // they say it themselves
		text = e.Err.Error()
	case e.Err == nil:
		text = e.Op
	}
	if e.Sent && !e.Stopped && (e.Kind == transport.KindTimeout || e.Kind == transport.KindCanceled) {
		text += "; it could not be verified that the command has ended"
	}
	return text
}
