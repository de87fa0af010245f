package pool

import (
	"context"
	"slices"
	"time"

	"fleet/transport"
)

// A ticket is one who waits for a lease. Sessions are given in the order of arrival,
// so that nobody is passed over for ever.
type ticket struct {
	ctx      context.Context // of the one call
	target   *transport.Target
	caller   *transport.Caller
	sessions int
	jump     bool          // it is for a host behind this one
	look     chan struct{} // holds a token when there is news

	// Guarded by site.mu.
	attempt *attempt // what it waits for; nil where that is a free session
	err     error    // why it waits in vain
}

// wait is a lease for t, whose site this is; silent is called when the host has been
// silent for a while.
func (s *site) wait(ctx context.Context, t *transport.Target, sessions int, jump bool, silent func()) (*lease, error) {
	s = s.pool.enter(s)
	defer s.leaveQueue()
	s.mu.Lock()
	if len(s.queue) == 0 || sessions == forChannels {
		if l := s.take(sessions); l != nil {
			s.mu.Unlock()
			s.pool.counts.queue.observe(0)
			return l, nil
		}
	}
	w := &ticket{ctx: ctx, target: t, caller: transport.CallerOf(ctx), sessions: sessions, jump: jump, look: make(chan struct{}, 1)}
	s.queue = append(s.queue, w)
	s.mu.Unlock()
	start := time.Now()
	s.pool.counts.waiting.Add(1)
	l, err := s.stand(w, silent)
	s.pool.counts.waiting.Add(-1)
	if err == nil {
		s.pool.counts.queue.observe(time.Since(start))
	}
	return l, err
}

// stand waits until it is w's turn, or there is none.
func (s *site) stand(w *ticket, silent func()) (*lease, error) {
	defer s.dequeue(w)
	alarm := time.NewTimer(silentAfter)
	defer alarm.Stop()
	over := time.NewTimer(time.Hour) // set for who has less time than the dial it waits for
	over.Stop()
	defer over.Stop()
	var joined *attempt
	for {
		l, a, err := s.turn(w)
		if l != nil || err != nil {
			return l, err
		}
		if a != joined {
			joined = a
			over.Stop()
			if a != nil && time.Now().Add(connectTimeout(w.target)).Before(a.ends) {
				over.Reset(connectTimeout(w.target))
			}
		}
		select {
		case <-w.look:
		case <-alarm.C:
			if a != nil && phase(a.phase.Load()) < phaseKeyExchange {
				silent()
			}
		case <-over.C:
			return nil, a.late(w.target)
		case <-w.ctx.Done():
			s.mu.Lock()
			err := w.err // also where something else happened at the same time
			s.mu.Unlock()
			if err == nil {
				err = context.Cause(w.ctx)
			}
			return nil, err
		}
	}
}

// turn is what w comes to now: a lease, an error, or what it has to wait for.
func (s *site) turn(w *ticket) (*lease, *attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.err != nil {
		return nil, nil, w.err
	}
	first := s.queue[0] == w
	if first || w.sessions == forChannels {
		if l := s.take(w.sessions); l != nil {
			return l, nil, nil
		}
	}
	if w.attempt != nil && !w.attempt.hangsOnAnother(w) {
		return nil, w.attempt, nil
	}
	w.attempt = nil
	if !first && s.suffices(w) || !s.mayGrow() {
		return nil, nil, nil
	}
	a := s.dialing
	if a == nil || a.hangsOnAnother(w) {
		if w.jump && s.broken != nil && sameCaller(s.brokenFor, w.caller) {
			return nil, nil, s.broken
		}
		if w.ctx.Err() != nil {
			return nil, nil, context.Cause(w.ctx)
		}
		var err error
		if a, err = s.begin(w); err != nil {
			return nil, nil, err
		}
	}
	w.attempt = a
	return nil, a, nil
}

// hangsOnAnother reports whether the dial waits for the answer of somebody whom w
// does not know: w need not.
func (a *attempt) hangsOnAnother(w *ticket) bool {
	return a.asks && !sameCaller(a.caller, w.caller)
}

// suffices reports whether there are sessions for w and those before it. s.mu is held.
func (s *site) suffices(w *ticket) bool {
	free, now := 0, s.pool.now()
	for _, c := range s.conns {
		if c.usable(now) {
			free += max(0, c.limit-c.active)
		}
	}
	for _, other := range s.queue {
		free -= other.sessions
		if other == w || free < 0 {
			break
		}
	}
	return free >= 0
}

// dequeue is the end of a wait. Whoever is first now looks.
func (s *site) dequeue(w *ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.queue, w); i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
	s.wake()
}

// wake tells the first that a session is free; s.mu is held.
func (s *site) wake() {
	if len(s.queue) > 0 {
		s.queue[0].wake()
	}
}

// wakeAll tells all that something is different; s.mu is held.
func (s *site) wakeAll() {
	for _, w := range s.queue {
		w.wake()
	}
}

func (w *ticket) wake() {
	select {
	case w.look <- struct{}{}:
	default:
	}
}
