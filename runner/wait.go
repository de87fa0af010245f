package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"fleet/tasks"
	"fleet/transport"
)

// A waiting is one wait on one machine. Ports and URLs are tried from here through
// the connection to the host, so that the host needs no tool for it; where its
// server does not allow that, and for paths, a script on the host looks.
type waiting struct {
	*tasks.Wait
	machine *machine
	private bool
	byShell bool // the host does not forward
	reached bool // the machine has answered at least once
}

// A notYet is the error of a look that found that it is not so far.
type notYet struct {
	why      string
	answered bool // by the machine, and not by a limit of time
}

func (e *notYet) Error() string { return e.why }

// wait returns when there is what w waits for, or the time for it is over: the
// error says what the last look saw.
func (m *machine) wait(ctx context.Context, a *tasks.Wait, private bool) error {
	w := &waiting{Wait: a, machine: m, private: private}
	ctx, cancel := context.WithTimeoutCause(ctx, a.Timeout, &timeLimit{fmt.Sprintf("waited %s", a.Timeout)})
	defer cancel()
	var last error
	for {
		err := w.look(ctx)
		if err == nil {
			return nil
		}
		var seen *notYet
		if ctx.Err() != nil {
			if errors.As(err, &seen) {
				last = seen
			}
			return w.failure(ctx, last)
		}
		if w.final(err) {
			return err
		}
		last = err
		timer := time.NewTimer(a.Delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return w.failure(ctx, last)
		}
	}
}

// final reports whether err is no matter of time. A host that goes away while it is
// waited for may come back.
func (w *waiting) final(err error) bool {
	switch transport.KindOf(err) {
	case transport.KindUnreachable, transport.KindLost:
		return !w.reached
	case transport.KindAuth, transport.KindHostKey:
		return true
	}
	var seen *notYet
	if !errors.As(err, &seen) {
		return true
	}
	w.reached = w.reached || seen.answered
	return false
}

// failure is the error for a wait that ctx has ended.
func (w *waiting) failure(ctx context.Context, last error) error {
	kind, cause := transport.KindCanceled, context.Cause(ctx)
	if transport.KindOf(cause) == transport.KindTimeout {
		kind = transport.KindTimeout
		if last == nil {
			last = errors.New("no answer")
		}
		cause = fmt.Errorf("%w for %s: %w", cause, w.what(), withoutOp(last))
	}
	return &transport.Error{Op: "run", Host: w.machine.name, Kind: kind, Err: cause, Sent: true, Stopped: true}
}

// withoutOp drops the name of the host, and the operation, from an error that is
// shown with both.
func withoutOp(err error) error {
	var te *transport.Error
	if errors.As(err, &te) && te.Err != nil {
		return te.Err
	}
	return err
}

// what names what is waited for.
func (w *waiting) what() string {
	switch {
	case w.Address != "":
		host, port, err := net.SplitHostPort(w.Address)
		if err == nil && (host == "" || host == "localhost" || host == "127.0.0.1" || host == "::1") {
			return "port " + port
		}
		return w.Address
	case w.URL != "":
		return w.URL
	default:
		return w.Path
	}
}

// look looks once, or, by a script, until ctx ends.
func (w *waiting) look(ctx context.Context) error {
	if w.byShell || w.Path != "" {
		return w.lookByShell(ctx)
	}
	var err error
	if w.Address != "" {
		err = w.lookAtPort(ctx)
	} else {
		err = w.lookAtURL(ctx)
	}
	if errors.Is(err, transport.ErrNoForwarding) {
		w.byShell = true
		return w.lookByShell(ctx)
	}
	return err
}

// The bounds of one look.
const (
	portTime = 5 * time.Second
	httpTime = 10 * time.Second
)

// dial connects from the machine. Its error tells what is a matter of time.
func (w *waiting) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := w.machine.transport.Dial(ctx, w.machine.target, network, addr)
	if transport.KindOf(err) == transport.KindRefused && !errors.Is(err, transport.ErrNoForwarding) {
		err = &notYet{withoutOp(err).Error(), true}
	}
	return nc, err
}

func (w *waiting) lookAtPort(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, portTime)
	defer cancel()
	nc, err := w.dial(short, "tcp", w.Address)
	if err != nil {
		return inTime(ctx, short, portTime, err)
	}
	_ = nc.Close()
	return nil
}

// inTime is err, unless the look came to its end for the time it took.
func inTime(ctx, short context.Context, limit time.Duration, err error) error {
	switch {
	case expired(ctx):
		<-ctx.Done()
		return context.Cause(ctx)
	case expired(short):
		return &notYet{fmt.Sprintf("no answer within %s", limit), false}
	default:
		return err
	}
}

// expired reports whether ctx has ended, or is about to: the network's timers may
// come before that of ctx.
func expired(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// maxRedirects is how many redirects a look follows.
const maxRedirects = 10

func (w *waiting) lookAtURL(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, httpTime)
	defer cancel()
	t := &http.Transport{DialContext: w.dial, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	defer t.CloseIdleConnections()
	client := &http.Client{Transport: t, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		return nil
	}}
	request, err := http.NewRequestWithContext(short, http.MethodGet, w.URL, nil)
	if err != nil {
		return errors.New("the URL cannot be read") // its text may be sensitive
	}
	request.Header.Set("User-Agent", "fleet")
	answer, err := client.Do(request)
	if err != nil {
		return inTime(ctx, short, httpTime, ofURL(err))
	}
	_ = answer.Body.Close()
	if answer.StatusCode >= 400 {
		return &notYet{"the answer is " + answer.Status, true}
	}
	return nil
}

// ofURL makes a look's error of what the HTTP client says.
func ofURL(err error) error {
	var seen *notYet
	var te *transport.Error
	var ue *url.Error
	switch {
	case errors.As(err, &seen):
		return seen
	case errors.As(err, &te):
		return te // of the host, not of the URL
	case errors.As(err, &ue): // its text has the URL
		return &notYet{ue.Err.Error(), true}
	default:
		return &notYet{err.Error(), true}
	}
}
