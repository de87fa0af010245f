package output

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"fleet/event"
	"fleet/internal/term"
)

// short says how a host ended in a few words, for headers and summaries; empty
// for success.
func short(e *event.Event) string {
	switch {
	case e.Outcome == event.OK:
		return ""
	case e.Outcome == event.Failed && e.Signal != "":
		return "killed by SIG" + term.Clean(e.Signal)
	case e.Outcome == event.Failed && e.Status > 0:
		return "exit " + strconv.Itoa(e.Status)
	}
	s := label(e.Outcome)
	switch {
	case e.Error == "" || e.Outcome == event.NotAttempted:
		return s
	case e.Outcome == event.Timeout: // the error says which limit it was
		return term.Clean(cause(e.Host, e.Error))
	}
	return s + ": " + term.Clean(cause(e.Host, e.Error))
}

// gist is short for the closing summary, where one cause is one line: what was
// told of each host when it happened is left out.
func gist(e *event.Event) string {
	text := short(e)
	if e.Kind == "hostkey" {
		// "host key of NAME is not known: it offers ...": the name may be the
		// one that ssh_config gives to the host, and each has a key of its own.
		if before, after, ok := strings.Cut(text, " of "); ok {
			_, after, _ = strings.Cut(after, " ")
			after, _, _ = strings.Cut(after, ": ")
			after, _, _ = strings.Cut(after, " at ")
			text = before + " " + after
		}
	}
	text, _, _ = strings.Cut(text, "; ")
	return text
}

// long says the same of a host by itself, with all that is known.
func long(e *event.Event) string {
	var s string
	switch {
	case e.Outcome == event.Failed && e.Signal != "":
		s = "killed by SIG" + term.Clean(e.Signal)
	case e.Outcome == event.Failed && e.Status > 0:
		s = fmt.Sprintf("exited with status %d", e.Status)
	case e.Outcome == event.Timeout && e.Error != "":
		return term.Clean(e.Error)
	default:
		s = label(e.Outcome)
	}
	if e.Error != "" {
		s += ": " + term.Clean(e.Error)
	}
	return s
}

// label names an outcome for people.
func label(o event.Outcome) string {
	switch o {
	case event.Timeout:
		return "timed out"
	case event.Unknown:
		return "end unknown"
	case event.NotAttempted:
		return "not attempted"
	default:
		return term.Clean(string(o))
	}
}

// cause takes the host's own name and addresses out of an error, so that the
// same failure reads the same on all hosts and they can be told in one line.
func cause(host, text string) string {
	words := strings.Split(text, " ")
	kept := words[:0]
	for _, w := range words {
		bare := strings.TrimSuffix(w, ":")
		if bare == strconv.Quote(host) {
			kept = append(kept, "it"+w[len(bare):])
			continue
		}
		if bare != "" && (bare == host || isAddress(bare) || strings.HasPrefix(bare, host+":")) {
			if bare != w && len(kept) > 0 && !strings.HasSuffix(kept[len(kept)-1], ":") {
				kept[len(kept)-1] += ":"
			}
			continue
		}
		kept = append(kept, w)
	}
	return strings.Join(kept, " ")
}

func isAddress(s string) bool {
	if _, err := netip.ParseAddrPort(s); err == nil {
		return true
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}
