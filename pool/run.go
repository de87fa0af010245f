package pool

import (
	"context"
	"errors"

	"fleet/transport"
)

// Run implements transport.Transport.
//
// A connection that turns out to be dead, or to have no session left, costs
// another try as long as the command was not sent.
func (p *Pool) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	if err := mayBecome(&t, c.Become); err != nil {
		return transport.Status{}, err
	}
	s, err := p.site(&t)
	if err != nil {
		return transport.Status{}, failure(&t, "run", err)
	}
	sessions := forSession
	if c.Stdin != nil || c.TTY != nil {
		sessions = forGuarded
	}
	for try, full := 0, 0; ; try++ {
		l, err := s.lease(ctx, &t, sessions, c.Place)
		if err != nil {
			return transport.Status{}, leaseError(ctx, &t, err)
		}
		status, err := l.run(ctx, &t, c, roleCommand)
		if isSessionLimit(err) && l.crowded() {
			l.refused()
			continue
		}
		l.release()
		if p.cfg.Trace != nil {
			return status, err // a trace shows what happened, once
		}
		if isSessionLimit(err) && full < fullMax {
			// A session that has just ended may still count.
			if full++; backoff(ctx, full) == nil {
				continue
			}
		}
		if err != nil && try == 0 && transport.SafeToRetry(err) && ctx.Err() == nil {
			continue
		}
		return status, err
	}
}

// fullMax is how often a server that has no session for the only one who asks
// is asked again.
const fullMax = 5

// crowded reports whether the connection holds other sessions, so that one
// refused may be one too many.
func (l *lease) crowded() bool {
	l.site.mu.Lock()
	defer l.site.mu.Unlock()
	return l.active > l.sessions
}

// leaseError gives the failure to get a connection the name under which the
// caller knows the host: a dial may have been shared.
func leaseError(ctx context.Context, t *transport.Target, err error) error {
	var e *transport.Error
	if errors.As(err, &e) {
		named := *e
		named.Host = t.Label()
		return &named
	}
	e = &transport.Error{Op: "connect", Host: t.Label(), Kind: transport.KindUnreachable, Err: err, Stopped: true}
	if ctx.Err() != nil {
		e.Kind = causeKind(ctx)
	}
	return e
}

func failure(t *transport.Target, op string, err error) error {
	return &transport.Error{Op: op, Host: t.Label(), Kind: transport.KindCanceled, Err: err, Stopped: true}
}
