package runner

import (
	"errors"
	"fmt"

	"fleet/event"
	"fleet/transport"
)

// failure fills in e for what went wrong.
func failure(e *event.Event, err error) {
	var te *transport.Error
	if !errors.As(err, &te) { // it is not about a machine
		e.Outcome, e.Status, e.Error = event.Failed, -1, err.Error()
		return
	}
	copyEnd(e, result(transport.Status{}, err))
}

// canceled is the error of what was not begun because of why.
func canceled(why error) error {
	return &transport.Error{Op: "run", Kind: transport.KindCanceled, Err: why, Stopped: true}
}

// copyEnd copies what says how something ended.
func copyEnd(to, from *event.Event) {
	to.Outcome, to.Status, to.Signal = from.Outcome, from.Status, from.Signal
	to.Kind, to.Error, to.Hint = from.Kind, from.Error, from.Hint
}

// question is the error of asking a host something: that changes nothing, so it
// is as if it had not been sent.
func question(err error) error {
	var te *transport.Error
	if !errors.As(err, &te) || !te.Sent {
		return err
	}
	e := *te
	e.Sent, e.Stopped = false, true
	return &e
}

// trouble says what is wrong with a step that ended as e.
func trouble(e *event.Event) string {
	text := e.Error
	switch {
	case text != "":
	case e.Signal != "":
		text = "ended by signal " + e.Signal
	case e.Status >= 0:
		text = fmt.Sprintf("exit status %d", e.Status)
	default:
		text = string(e.Outcome)
	}
	if e.Attempt > 1 {
		text += fmt.Sprintf(", after %d attempts", e.Attempt)
	}
	return text
}

// ending makes the end of a host from the step_end of a step that did not go
// well.
func ending(e *event.Event) *event.Event {
	text := "step " + e.Step
	if e.Key != "" {
		text += fmt.Sprintf("[%q]", e.Key)
	}
	if e.On != "" {
		text += " on " + e.On
	}
	end := new(event.Event)
	copyEnd(end, e)
	end.Error = text + ": " + trouble(e)
	return end
}
