package tunnel

import (
	"fmt"
	"time"

	"fleet/internal/forward"
	"fleet/transport"
)

// OnDown says what becomes of a connection that comes while the link is away.
type OnDown int

// The ways.
const (
	Wait   OnDown = iota // it waits for the link
	Refuse               // it is reset
)

func (o OnDown) String() string {
	if o == Refuse {
		return "refuse"
	}
	return "wait"
}

// A Spec is the forwards of one host.
type Spec struct {
	// Name is that of the tunnel block; empty where there is none.
	Name   string
	Target transport.Target
	Rules  []forward.Rule
	OnDown OnDown
	// Gateway allows to listen on more than loopback, here and on the host.
	Gateway bool
}

// A Config configures a Set. Transport must be set.
type Config struct {
	Transport transport.Transport
	// Changed is told of every change of a forward's state, and of the reason
	// why it is not ready. The calls for one forward come in order, those for
	// different ones concurrently. It must not block.
	Changed func(Status)
	// Complaint is told where a connection failed, and LastError is another one
	// than before. Its calls may come at any time, and in any order to those of
	// Changed. It must not block.
	Complaint func(Status)
	// Retry goes on trying where the first attempt finds a host unreachable;
	// otherwise its forwards fail.
	Retry bool
	// Fanout is how many links may be made at a time at first. Default: no
	// bound. Links that were up and got lost come back without one.
	Fanout int
}

// keepaliveEvery finds a dead link sooner than a command needs to: a forward that
// hangs is noticed by people.
const keepaliveEvery = 5 * time.Second

// reach is the target as a link of a tunnel has it.
func (s *Spec) reach() transport.Target {
	t := s.Target
	if t.Link.Keepalive == 0 {
		t.Link.Keepalive = keepaliveEvery
	}
	return t
}

// owner says for whom the rules are.
func (s *Spec) owner() string {
	if s.Name == "" {
		return s.Target.Label()
	}
	return fmt.Sprintf("%s (tunnel %q)", s.Target.Label(), s.Name)
}

// check refuses a rule that may not be opened.
func (s *Spec) check(r forward.Rule) error {
	if !s.Gateway && !r.Listen.IsLoopback() {
		where := "here"
		if !r.Kind.ListensHere() {
			where = "on the host"
		}
		return fmt.Errorf("%s: %q: listening %s on more than loopback is not allowed", s.Target.Label(), r.Listen, where)
	}
	if r.To.IsZero() || r.To.IsUnix() || r.Permit.Allows(r.To.Host(), r.To.Port()) {
		return nil
	}
	return fmt.Errorf("%s: the target %q is not permitted", s.Target.Label(), r.To)
}
