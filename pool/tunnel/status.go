package tunnel

import (
	"time"

	"fleet/internal/forward"
)

// State is what a forward is doing.
type State string

// The states.
const (
	StateOpening State = "opening" // was not ready yet
	StateReady   State = "ready"
	StateDown    State = "down"   // was ready, and is tried again
	StateFailed  State = "failed" // for good
	StateClosed  State = "closed"
)

// A Status is what is known about one forward at one moment.
type Status struct {
	Name string // of the tunnel block
	Host string
	Rule forward.Rule
	// Listen is where it listens, with the real port once that is known.
	Listen forward.Endpoint

	State State
	Since time.Time // of the state
	// Err is why it is not ready; nil while it is, or while nothing is known.
	Err error
	// Attempt counts the attempts since it was ready, from 1 on; 0 is none.
	Attempt int
	// NextTry is when the next attempt begins; zero while one is under way.
	NextTry time.Time
	// Tried is set once the first attempt has had its outcome.
	Tried bool

	// Open and Total are numbers of connections: now, and since the start.
	Open, Total int64
	// Received and Sent are bytes, from and to the host.
	Received, Sent int64
	// RTT is the last measured round trip to the host.
	RTT time.Duration
	// LastError is the last failure of a connection, such as a target that
	// refuses.
	LastError error
}
