package tunnel

import (
	"context"
	"errors"
	"time"

	"fleet/transport"
)

// A search tries until there is a link. Of two attempts under way at most one is
// short and one is patient, which has the whole connect timeout.
type search struct {
	line  *line
	pace  *pace
	first func() // the first attempt had its outcome

	number  int  // of attempts
	patient bool // one such is under way
	under   int  // attempts under way
	came    chan outcome
	stop    context.CancelCauseFunc // of the short attempt under way; nil where there is none
}

// An outcome is that of one attempt.
type outcome struct {
	link    transport.Link
	err     error
	patient bool
	began   time.Time
}

// run returns the link, or why no further attempt is made.
func (s *search) run(ctx context.Context) (transport.Link, error) {
	ctx, cancel := context.WithCancel(ctx)
	s.came = make(chan outcome, 2)
	defer s.leave(cancel)
	timer := time.NewTimer(s.delay())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-s.line.wake:
			s.woken(timer)
		case <-timer.C:
			if again := s.begin(ctx); again > 0 {
				timer.Reset(again)
			}
		case o := <-s.came:
			if o.err == nil {
				s.line.logins = time.Since(o.began)
				s.under--
				return o.link, nil
			}
			wait, err := s.failed(o)
			if err != nil {
				return nil, err
			}
			if wait > 0 {
				timer.Reset(wait)
			}
		}
	}
}

// delay is the time before the first attempt: none, unless links come and go.
func (s *search) delay() time.Duration {
	if s.pace.failures == 0 {
		return 0
	}
	return s.pace.next(nil)
}

// errSlept ends an attempt that began before the machine slept.
var errSlept = errors.New("given up, as the machine has slept")

// woken begins afresh. The very first attempt has all its time in any case.
func (s *search) woken(timer *time.Timer) {
	s.pace.reset()
	switch {
	case s.stop != nil:
		s.stop(errSlept)
	case s.under == 0 || s.number > 1:
		timer.Reset(0)
	}
}

// begin starts an attempt. It returns when to begin the next one where that does
// not wait for the outcome, and 0 otherwise.
func (s *search) begin(ctx context.Context) time.Duration {
	s.number++
	l := s.line
	l.eachRow(func(r *row) { r.trying(s.number) })
	// The very first attempt decides whether the host can be reached at all.
	only := !l.wasUp && s.number == 1
	patient := only || !s.patient && s.number%patientEvery == 0
	var limit time.Duration
	if patient {
		s.patient = true
	} else {
		limit = attemptLimit(l.logins, l.target.Link.ConnectTimeout)
		ctx, s.stop = context.WithCancelCause(ctx)
	}
	s.under++
	l.set.work.Go(func() { s.came <- l.attempt(ctx, limit, patient) })
	if patient && !only {
		return s.pace.next(nil)
	}
	return 0
}

// attempt makes one attempt; a limit of 0 leaves the time to the transport.
func (l *line) attempt(ctx context.Context, limit time.Duration, patient bool) outcome {
	o := outcome{patient: patient, began: time.Now()}
	late := lateError{limit}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, late)
		defer cancel()
	}
	o.link, o.err = l.set.cfg.Transport.Connect(ctx, l.target)
	if cause := context.Cause(ctx); o.err != nil && (errors.Is(cause, late) || errors.Is(cause, errSlept)) {
		o.err = &transport.Error{Op: "connect", Host: l.target.Label(), Kind: transport.KindUnreachable, Err: cause, Stopped: true}
	}
	return o
}

// failed takes note of a failed attempt, and returns when to make the next one; 0
// is when that one has a time already. The error is set where none is made.
func (s *search) failed(o outcome) (time.Duration, error) {
	s.under--
	s.first()
	l := s.line
	if !l.wasUp && !l.mayRetry(o.err) {
		return 0, o.err
	}
	if o.patient {
		s.patient = false
	} else {
		s.stop(nil)
		s.stop = nil
	}
	if o.patient && s.number > 1 {
		return 0, nil // short ones go on beside it
	}
	// Time that the attempt took counts: the next one comes soon after one
	// that was given up.
	wait := max(s.pace.next(o.err)-time.Since(o.began), time.Millisecond)
	l.eachRow(func(r *row) { r.away(o.err, s.number, time.Now().Add(wait)) })
	return wait, nil
}

// leave ends what is under way, and closes links that came too late.
func (s *search) leave(cancel context.CancelFunc) {
	cancel()
	if s.stop != nil {
		s.stop(nil)
	}
	if under := s.under; under > 0 {
		s.line.set.work.Go(func() {
			for range under {
				if o := <-s.came; o.link != nil {
					_ = o.link.Close()
				}
			}
		})
	}
}
