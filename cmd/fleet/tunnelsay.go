package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"fleet/internal/term"
	"fleet/pool/credential"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// result takes note of what became of the list on stdout. Tunnels are of use
// though nobody reads it.
func (t *tunneling) result(err error) {
	if err != nil && !closedPipe(err) {
		t.say("warning: the list of tunnels could not be written: %s", err)
	}
}

// emit tells programs of a change. That nobody listens is no reason to end.
func (t *tunneling) emit(s *tunnel.Status) {
	kind := eventOf(s)
	if kind == "" {
		return
	}
	line, err := t.app.tunnelEvent(kind, s).AppendJSON(nil)
	if err == nil {
		_, _ = t.app.env.stdout.Write(line)
	}
}

// print tells people what happened.
func (t *tunneling) print(lines []newsLine) {
	if len(lines) == 0 {
		return
	}
	var hints []string
	for i := range lines {
		if t.app.global.quiet && lines[i].good {
			continue
		}
		t.say("%s", lines[i].String())
		if h := lines[i].hint; h != "" && !slices.Contains(hints, h) {
			hints = append(hints, h)
		}
	}
	for _, h := range hints {
		t.hold(func() { t.app.hint(h) })
	}
}

// say prints a line of fleet's own.
func (t *tunneling) say(format string, args ...any) {
	text := term.Clean(t.app.redactor.String(fmt.Sprintf(format, args...)))
	t.hold(func() { fmt.Fprintf(t.app.env.stderr, "fleet: %s\n", text) })
}

// notice prints what the pool has to say of a host.
func (t *tunneling) notice(host, text string) { t.say("%s: warning: %s", host, text) }

var errAttached = errors.New("nobody is asked while the command has the terminal")

// answer asks the user; a signal meanwhile ends all tunnels.
func (t *tunneling) answer(ctx context.Context, q credential.Question) (transport.Secret, error) {
	asked := false
	s, err := t.app.answerer(func(ask func()) {
		t.hold(func() {
			if asked = t.quiz; asked {
				ask()
			}
		})
	})(ctx, q)
	if !asked {
		return transport.Secret{}, errAttached
	}
	var signal *signaled
	if errors.As(err, &signal) {
		t.stop(signal)
	}
	return s, err
}

// hold keeps others off the terminal while do is at work.
func (t *tunneling) hold(do func()) {
	t.screen.Lock()
	defer t.screen.Unlock()
	do()
}
