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
	s, err := p.site(&t)
	if err != nil {
		return transport.Status{}, failure(&t, "run", err)
	}
	for try := 0; ; try++ {
		l, err := s.lease(ctx, forSession, c.Place)
		if err != nil {
			return transport.Status{}, leaseError(ctx, &t, err)
		}
		status, err := l.run(ctx, &t, c, roleCommand)
		if isSessionLimit(err) && l.crowded() {
			l.refused()
			continue
		}
		l.release()
		if err != nil && try == 0 && transport.SafeToRetry(err) && ctx.Err() == nil {
			continue
		}
		return status, err
	}
}

// crowded reports whether the connection holds other sessions, so that one
// refused may be one too many.
func (l *lease) crowded() bool {
	l.site.mu.Lock()
	defer l.site.mu.Unlock()
	return l.active > 1
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
