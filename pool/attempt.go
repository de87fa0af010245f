package pool

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"fleet/transport"
)

// An attempt is a dial that any number of callers wait for. It is made in the name
// of the one who began it: it has the limit of time and the label of that target,
// and asks that caller. It goes on when that caller gives up, for those who wait
// with it, but asks nobody then.
type attempt struct {
	site   *site
	target *transport.Target
	caller *transport.Caller // who began it; nil where nobody said so
	limit  time.Duration
	ends   time.Time // when its time is over
	phase  atomic.Int32

	// Guarded by site.mu.
	asks   bool // its caller was asked something
	orphan bool // its caller gave up on that
	err    error
}

// begin starts a dial for w; site.mu is held.
func (s *site) begin(w *ticket) (*attempt, error) {
	if !s.pool.begin() {
		return nil, errClosed
	}
	limit := connectTimeout(w.target)
	a := &attempt{site: s, target: w.target, caller: w.caller, limit: limit, ends: time.Now().Add(limit)}
	s.dialing = a
	s.dials++
	ctx := s.pool.ctx
	if w.caller != nil {
		ctx = transport.WithCaller(ctx, a.patron(w.ctx, w.caller))
	}
	go s.dial(ctx, a)
	return a, nil
}

// dial opens one connection and tells those who wait.
func (s *site) dial(ctx context.Context, a *attempt) {
	defer s.pool.work.Done()
	ln, err := s.pool.dial(ctx, a.target, &a.phase)
	var c *conn
	if err == nil {
		c = newConn(s, ln)
	}
	s.mu.Lock()
	s.dials--
	if s.dialing == a {
		s.dialing = nil
	}
	if err == nil && s.pool.ctx.Err() != nil {
		err = errClosed
	}
	if err == nil {
		s.conns = append(s.conns, c)
		s.broken, s.brokenFor = nil, nil
		if s.users == 0 {
			c.startLinger(s.pool.cfg.Linger)
		}
	}
	a.err = err
	s.settle(a)
	s.mu.Unlock()
	if err != nil && c != nil {
		c.close(err)
	}
	s.pool.forget(s)
}

// settle tells those who wait what came of a; s.mu is held.
func (s *site) settle(a *attempt) {
	behind := false // somebody waits for a host behind this one
	for _, w := range s.queue {
		if w.attempt != a {
			continue
		}
		w.attempt = nil
		if a.err != nil && a.fails(w) {
			w.err = a.err
		}
		behind = behind || w.jump
	}
	if a.err != nil && behind {
		s.breaks(a)
	}
	s.wakeAll()
}

// breaks remembers that no jump host came of a, as long as that counts; s.mu is held.
func (s *site) breaks(a *attempt) {
	now := time.Now()
	s.broken, s.brokenFor, s.since = a.err, a.caller, now
	time.AfterFunc(brokenFor, func() { s.mend(now) })
}

// mend forgets what was remembered at since. A pool that lives long keeps nothing of
// a host it could not reach: its key has the password of the login in it.
func (s *site) mend(since time.Time) {
	s.mu.Lock()
	if s.since.Equal(since) {
		s.broken, s.brokenFor = nil, nil
	}
	s.mu.Unlock()
	s.pool.forget(s)
}

// fails reports whether that a has failed means that w fails. It does not where the
// failure hung on the one who began the dial: then w dials anew, in its own name.
func (a *attempt) fails(w *ticket) bool {
	switch {
	case a.orphan:
		return false
	case isLate(a.err):
		return connectTimeout(w.target) <= a.limit
	case transport.KindOf(a.err) == transport.KindAuth:
		return sameCaller(a.caller, w.caller) || w.caller == nil || w.caller.Ask == nil
	default:
		return true
	}
}

// late is what is said to one whose time is over before that of the dial.
func (a *attempt) late(t *transport.Target) error {
	return &transport.Error{
		Op: "connect", Host: t.Label(), Kind: transport.KindUnreachable, Stopped: true,
		Err: fmt.Errorf("%s: %w", phase(a.phase.Load()).of(t), &timedOut{connectTimeout(t)}),
	}
}

// patron is c, who works with ctx, as the dial turns to it.
func (a *attempt) patron(ctx context.Context, c *transport.Caller) *transport.Caller {
	mine := *boundCaller(ctx, c)
	mine.Notice = func(host, text string) {
		if to := a.listener(ctx, c); to != nil && to.Notice != nil {
			to.Notice(host, text)
		}
	}
	if ask := mine.Ask; ask != nil {
		mine.Ask = func(dial context.Context, q transport.Question) (transport.Secret, error) {
			a.note(&a.asks)
			answer, err := ask(dial, q)
			if err != nil && ctx.Err() != nil {
				a.note(&a.orphan)
			}
			return answer, err
		}
	}
	return &mine
}

// note sets a flag of a, and lets those who wait see it.
func (a *attempt) note(flag *bool) {
	a.site.mu.Lock()
	defer a.site.mu.Unlock()
	*flag = true
	a.site.wakeAll()
}

// listener is who is told about the dial: the one who began it, else one who waits
// for it.
func (a *attempt) listener(ctx context.Context, c *transport.Caller) *transport.Caller {
	if ctx.Err() == nil {
		return c
	}
	a.site.mu.Lock()
	defer a.site.mu.Unlock()
	for _, w := range a.site.queue {
		if w.attempt == a && w.ctx.Err() == nil {
			return w.caller
		}
	}
	return nil
}

// boundCaller is c, who works with ctx, for a dial that may outlive ctx: c is asked
// and told nothing after that has ended. It has an ID of its own where c has none.
func boundCaller(ctx context.Context, c *transport.Caller) *transport.Caller {
	mine := *c
	mine.ID = cmp.Or(c.ID, newNonce())
	if c.Ask != nil {
		mine.Ask = func(dial context.Context, q transport.Question) (transport.Secret, error) {
			both, cancel := context.WithCancelCause(dial)
			defer cancel(nil)
			stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
			defer stop()
			answer, err := c.Ask(both, q)
			if err != nil && ctx.Err() != nil {
				err = fmt.Errorf("the one who was asked has gone: %w", ctx.Err())
			}
			return answer, err
		}
	}
	if c.Notice != nil {
		mine.Notice = func(host, text string) {
			if ctx.Err() == nil {
				c.Notice(host, text)
			}
		}
	}
	if c.Connected != nil {
		mine.Connected = func(host string, took time.Duration) {
			if ctx.Err() == nil {
				c.Connected(host, took)
			}
		}
	}
	return &mine
}

// sameCaller reports whether two callers stand for one user at one terminal.
func sameCaller(a, b *transport.Caller) bool {
	return a == b || a != nil && b != nil && a.ID != "" && a.ID == b.ID
}
