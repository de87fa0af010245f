package output

import (
	"fmt"
	"strconv"

	"fleet/event"
	"fleet/internal/term"
)

// A fate is how a step went on a host, as far as counts are concerned. Of the
// calls of one step on one host the largest counts.
type fate uint8

const (
	fateSkipped fate = iota
	fateOK
	fateChanged
	fateIgnored
	fateFailed
	fateUnreachable
	fates
)

func (f fate) String() string {
	return [fates]string{"skipped", "ok", "changed", "ignored", "failed", "unreachable"}[f]
}

// shownFates are all fates in the order in which they are shown.
var shownFates = [fates]fate{fateChanged, fateOK, fateSkipped, fateIgnored, fateFailed, fateUnreachable}

// fateOf tells the fate of a step_end event.
func fateOf(e *event.Event) fate {
	switch {
	case e.Outcome == event.Skipped, e.Outcome == event.NotAttempted:
		return fateSkipped
	case e.Outcome == event.OK && e.Changed:
		return fateChanged
	case e.Outcome == event.OK:
		return fateOK
	case e.Ignored:
		return fateIgnored
	case e.Outcome == event.Unreachable:
		return fateUnreachable
	default:
		return fateFailed
	}
}

// stepName names a step for people, with its section unless it is a step like
// any other.
func stepName(s event.Section, name string) string {
	name = term.Clean(name)
	switch s {
	case event.Steps, "":
		return "step " + name
	case event.Handlers:
		return "handler " + name
	default:
		return term.Clean(string(s)) + " " + name
	}
}

// callName is what of a step e tells of: "[ann] on lb1".
func callName(e *event.Event) string {
	var s string
	if e.Key != "" {
		s = "[" + term.Clean(e.Key) + "]"
	}
	switch e.On {
	case "":
	case "local":
		s += " here"
	default:
		s += " on " + term.Clean(e.On)
	}
	return s
}

// stepGist says in a few words why a step had nothing to do, or how it failed,
// so that hosts with the same text can be told together; empty for success.
func stepGist(e *event.Event) string {
	switch e.Outcome {
	case event.OK:
		return ""
	case event.Skipped:
		return term.Clean(e.Reason)
	case event.Unreachable: // the fate says that already
		if e.Error != "" {
			return term.Clean(cause(e.Host, e.Error))
		}
		return ""
	}
	return howEnded(e, term.Clean(cause(e.Host, e.Error)))
}

// mostTunnels bounds the hosts of a batch of which each tunnel is shown by itself.
const mostTunnels = 4

// tunnelGist says where a tunnel that a step has opened for one of so many hosts
// listens and leads.
func tunnelGist(e *event.Event, hosts int) string {
	if hosts > mostTunnels {
		return "tunnel to " + term.Clean(e.Target)
	}
	return fmt.Sprintf("tunnel: %s -> %s", term.Clean(e.Listen), term.Clean(e.Target))
}

// stepFailure says the same of a host by itself, with all that is known.
func stepFailure(e *event.Event) string {
	s := howEnded(e, term.Clean(e.Error))
	if e.Attempt > 1 {
		s += fmt.Sprintf(" after %d attempts", e.Attempt)
	}
	return s
}

func howEnded(e *event.Event, text string) string {
	s := label(e.Outcome)
	switch {
	case e.Signal != "":
		s = "killed by SIG" + term.Clean(e.Signal)
	case e.Status > 0:
		s = "exit status " + strconv.Itoa(e.Status)
	case text != "" && (e.Outcome == event.Failed || e.Outcome == event.Timeout):
		return text // the error says it
	}
	if text != "" && text != s {
		s += ": " + text
	}
	return s
}

// hostFailure says how a host ended in a run of tasks, where the error names
// the step.
func hostFailure(e *event.Event, otherwise func(*event.Event) string) string {
	if e.Outcome == event.Failed && e.Error != "" {
		return term.Clean(e.Error)
	}
	return otherwise(e)
}

// plural is "1 host" or "2 hosts".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
