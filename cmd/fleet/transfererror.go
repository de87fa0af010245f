package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fleet/internal/term"
	"fleet/transport"
)

// A failedItem is what could not be done for a host.
type failedItem struct {
	name string
	err  error
}

// hostGone reports whether nothing more can be done on the host.
func hostGone(ctx context.Context, err error) bool {
	var e *transport.Error
	return ctx.Err() != nil || errors.As(err, &e) && e.Kind != transport.KindRefused && e.Kind != transport.KindInternal
}

// failures is the error of a host on which something failed, of so many. The first
// one is in it; the others are said.
func (t *teller) failures(failed []failedItem, of int) error {
	switch {
	case len(failed) == 0:
		return nil
	case of == 1:
		return failed[0].err
	}
	for _, f := range failed[1:] {
		message, _ := splitHint(f.err.Error())
		fmt.Fprintf(t.stderr, "%s: %s\n", term.Clean(f.name), term.Clean(message))
	}
	more := ""
	if n := len(failed) - 1; n > 0 {
		more = fmt.Sprintf(" (and %s)", plural(n, "more failure"))
	}
	return &itemError{failed[0], more}
}

// An itemError says which of several things failed.
type itemError struct {
	failedItem
	more string
}

func (e *itemError) Error() string {
	message, hint := splitHint(e.err.Error())
	text := e.name + ": " + message + e.more
	if hint != "" {
		text += "; hint: " + hint
	}
	return text
}

func (e *itemError) Unwrap() error { return e.err }

// hostError is err as the runner takes it. Reached says that the host was: before
// that nothing can have been changed. Where the run ended, or a limit, that is the
// reason; a transfer has removed what was unfinished by then.
func hostError(ctx context.Context, err error, reached bool) error {
	if err == nil {
		return nil
	}
	var known *transport.Error
	wasKnown := errors.As(err, &known)
	if cause := context.Cause(ctx); cause != nil && (!wasKnown || known.Kind == transport.KindCanceled || known.Kind == transport.KindTimeout || known.Kind == transport.KindInternal) {
		kind := transport.KindCanceled
		if errors.Is(cause, context.DeadlineExceeded) {
			kind = transport.KindTimeout
		}
		return &transport.Error{Op: "run", Kind: kind, Err: cause, Sent: reached, Stopped: true}
	}
	if wasKnown && known.Kind != transport.KindInternal && known.Kind != transport.KindRefused {
		return err
	}
	message, hint := splitHint(err.Error())
	if wasKnown && hint == "" {
		hint = known.Hint
	}
	return &transport.Error{Op: "run", Kind: transport.KindOf(err), Err: errors.New(message), Hint: hint, Sent: reached, Stopped: true}
}

// splitHint takes the hints out of what an error says: "; hint: ..." to the end of
// its line, or in parentheses. The first one is returned. Errors that were joined
// become one line.
func splitHint(text string) (message, hint string) {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		before, found, ok := strings.Cut(line, "; hint: ")
		if !ok {
			var after string
			if before, found, ok = strings.Cut(line, " (hint: "); ok {
				found, after, _ = strings.Cut(found, ")")
				before += after
			}
		}
		lines = append(lines, before)
		if hint == "" {
			hint = found
		}
	}
	return strings.Join(lines, "; "), hint
}
