package sshd

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"
)

// Faults are the limits of a server and what goes wrong on it. The zero value
// is a healthy server without limits. Unless said otherwise, a connection keeps
// the faults that were in force when it was accepted.
type Faults struct {
	// Refuse resets every new connection.
	Refuse bool
	// Mute accepts connections and never sends a byte.
	Mute bool
	// Garbage is sent in place of an identification string, and the connection
	// closed.
	Garbage string
	// BannerDelay is the time before the identification string is sent.
	BannerDelay time.Duration
	// Latency is added to every byte, one way, in both directions, without
	// limiting throughput.
	Latency time.Duration

	// HostKey is presented in place of the configured ones.
	HostKey ssh.Signer
	// RefuseAuth refuses every login.
	RefuseAuth bool
	// SilentAuth stays silent after the key exchange.
	SilentAuth bool

	// DropAfter cuts a connection that long after it was accepted.
	DropAfter time.Duration
	// DropBytes cuts a connection once so many bytes, handshake included, were
	// sent to the client. A handshake takes about 2,500.
	DropBytes int64
	// DropOutput cuts a connection once so many bytes of command output were
	// sent on it.
	DropOutput int64
	// Freeze stops all bytes in both directions, on the connections that exist
	// too, until it is cleared: a network that has gone silent.
	Freeze bool

	// RefuseExec answers exec, shell and subsystem requests with a failure.
	// Read at each request.
	RefuseExec bool
	// StallInput never reads what clients send to commands, so that their
	// window is used up. Read at each command.
	StallInput bool
	// NoExitStatus closes channels without saying how the command ended. Read
	// at each command.
	NoExitStatus bool

	// Files are the faults of sftp.
	Files FileFaults

	// MaxSessions is the number of sessions one connection may have open at a
	// time; the next one is refused as OpenSSH does. 0 is no limit, negative
	// refuses all. Read at each open.
	MaxSessions int
	// MaxStartups limits connections that have not logged in yet.
	MaxStartups Startups
}

// Startups is sshd_config's MaxStartups: from Begin connections on, new ones
// are dropped with a probability that grows from Rate percent, to all of them
// at Full. The zero value is no limit.
type Startups struct{ Begin, Rate, Full int }

// Check tells what is wrong with s.
func (s Startups) Check() error {
	if s == (Startups{}) {
		return nil
	}
	if s.Begin < 1 || s.Full < s.Begin || s.Rate < 1 || s.Rate > 100 {
		return fmt.Errorf("max startups %d:%d:%d: want begin:rate:full with 1 <= begin <= full and a rate of 1 to 100 percent", s.Begin, s.Rate, s.Full)
	}
	return nil
}

// drops decides as sshd does for one more connection when pending ones have
// not logged in yet; roll is a random number from 0 to 99.
func (s Startups) drops(pending, roll int) bool {
	switch {
	case s == (Startups{}) || pending < s.Begin:
		return false
	case pending >= s.Full || s.Rate == 100:
		return true
	}
	p := s.Rate + (100-s.Rate)*(pending-s.Begin)/(s.Full-s.Begin)
	return roll < p
}

func (f *Faults) check() error {
	if f.BannerDelay < 0 || f.Latency < 0 || f.DropAfter < 0 || f.DropBytes < 0 || f.DropOutput < 0 {
		return errors.New("sshd: a time or size among the faults is negative")
	}
	if err := f.Files.check(); err != nil {
		return err
	}
	if err := f.MaxStartups.Check(); err != nil {
		return fmt.Errorf("sshd: %w", err)
	}
	return nil
}
