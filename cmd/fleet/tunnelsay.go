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

// result is what the end of writing the list to stdout means. Tunnels are of use
// though nobody reads it; but on a disk that is full, who waits for it waits for ever.
func (t *tunneling) result(err error) error {
	if err == nil || closedPipe(err) {
		return nil
	}
	return fmt.Errorf("the list of tunnels could not be written: %w", err)
}

// emit tells programs of a change. Where that is not possible the tunnels end: they
// are for who hears of them.
func (t *tunneling) emit(s *tunnel.Status) error {
	kind := eventOf(s)
	if kind == "" {
		return nil
	}
	line, err := t.app.tunnelEvent(kind, s).AppendJSON(nil)
	if err == nil {
		_, err = t.app.env.stdout.Write(line)
	}
	if err != nil {
		err = fmt.Errorf("the events could not be written: %w", err)
		t.stop(err)
	}
	return err
}

// patiently carries out work, which prints. Once ctx is over, it waits only for a
// short time for somebody to read that.
func patiently(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }() // ends when it is read, or with the process
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		within(leaveWait, func() { done <- <-done })
		select {
		case err := <-done:
			return err
		default:
			return context.Cause(ctx)
		}
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
	if t.app.handover.detached() {
		return transport.Secret{}, errNobodyAsked
	}
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
