package agent

import (
	"time"

	"fleet/transport"
)

// A Snapshot is what a transport tells about itself, at one moment. Counts are
// since it began.
type Snapshot struct {
	Connections []Connection
	Dialing     int                       // connections being opened
	Waiting     int                       // commands that wait for a session
	Dials       map[transport.Kind]uint64 // by result; "" is success
	Sessions    uint64                    // commands and subsystems that were begun
	Queue       Times                     // from the call to the session
	RoundTrips  Times                     // from a question to the answer, of all hosts
	Received    uint64                    // bytes from all hosts, with those of connections that have ended
	Sent        uint64
}

// A Connection is one connection to a host.
type Connection struct {
	Host      string        `json:"host"`      // as its first caller named it
	Address   string        `json:"address"`   // host:port
	User      string        `json:"user"`      //
	Via       []string      `json:"via"`       // the jump hosts, first hop first
	Since     time.Time     `json:"since"`     // the login
	Used      time.Time     `json:"used"`      // when the last session ended, or now
	Sessions  int           `json:"sessions"`  // at work
	Private   bool          `json:"private"`   // a link of one caller: a tunnel
	RoundTrip time.Duration `json:"-"`         // the last one; 0 where none was measured
	Received  uint64        `json:"bytes_in"`  // with what it cost to log in
	Sent      uint64        `json:"bytes_out"` //
}

// Times is a histogram.
type Times struct {
	Bounds []time.Duration // upper bounds, ascending
	Counts []uint64        // one for each bound, and one for what is above; not cumulative
	Sum    time.Duration
}
