package tunnel

import (
	"math/rand/v2"
	"time"

	"fleet/transport"
)

// The times of attempts to bring a lost link back.
const (
	backoffFirst = 100 * time.Millisecond
	backoffMost  = time.Second
	// backoffDenied is for a host that turns us away: it answers, so nothing
	// is won by asking often, and it may count.
	backoffDenied = 10 * time.Second

	attemptLeast = 1500 * time.Millisecond // of time for a short attempt
	attemptFold  = 4                       // times what the last login took
	patientEvery = 5                       // attempts

	// steady is how long a link lives that is not one of many that come and go.
	steady = 5 * time.Second
)

// A pace is how the attempts of one line follow each other.
type pace struct{ failures int }

func (p *pace) reset() { p.failures = 0 }

// ended takes note of how long a link has lived.
func (p *pace) ended(lived time.Duration) {
	if lived > steady {
		p.reset()
	} else {
		p.failures++
	}
}

// next is how long after the beginning of an attempt that failed the next one
// begins. A part of it is up to chance: many links may have been lost at once.
func (p *pace) next(err error) time.Duration {
	switch transport.KindOf(err) {
	case transport.KindAuth, transport.KindHostKey:
		return jittered(backoffDenied)
	}
	d := backoffMost
	if p.failures < 4 {
		d = min(backoffFirst<<p.failures, backoffMost)
	}
	p.failures++
	return jittered(d)
}

// jittered is between half of d and d.
func jittered(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// attemptLimit is the time for a short attempt at a host where the last login
// took so long.
func attemptLimit(login, connectTimeout time.Duration) time.Duration {
	if connectTimeout <= 0 {
		connectTimeout = transport.DefaultConnectTimeout
	}
	return min(max(attemptFold*login, attemptLeast), connectTimeout)
}
