package agent

import (
	"os"
	"time"
)

// A Status is how an agent is, at one moment. docs/agent.md describes its JSON.
type Status struct {
	Version     string             `json:"version"`
	Protocol    int                `json:"protocol"`
	PID         int                `json:"pid"`
	Socket      string             `json:"socket"`
	Started     time.Time          `json:"started"`
	Draining    bool               `json:"draining"`   // it takes nothing new
	Clients     int                `json:"clients"`    // processes that have something under way
	Operations  int                `json:"operations"` // under way
	Tunnels     int                `json:"tunnels"`    // links of one caller each
	Sessions    int                `json:"sessions"`   // at work on the connections
	Dialing     int                `json:"dialing"`    // connections being opened
	Waiting     int                `json:"waiting"`    // commands that wait for a session
	Received    uint64             `json:"bytes_in"`   // from all hosts, also of connections that have ended
	Sent        uint64             `json:"bytes_out"`  //
	Connections []ConnectionStatus `json:"connections"`
}

// A ConnectionStatus is a connection in a Status.
type ConnectionStatus struct {
	Connection
	// RoundTripMS is the last round trip in milliseconds; nil where none was
	// measured.
	RoundTripMS *float64 `json:"round_trip_ms,omitempty"`
}

// Status tells how the server is.
func (s *Server) Status() *Status {
	snap := s.snapshot()
	st := &Status{
		Version: s.cfg.Version, Protocol: Protocol, PID: os.Getpid(), Socket: s.cfg.Socket, Started: s.began.Round(0),
		Dialing: snap.Dialing, Waiting: snap.Waiting, Received: snap.Received, Sent: snap.Sent, Connections: []ConnectionStatus{},
	}
	for _, c := range snap.Connections {
		one := ConnectionStatus{Connection: c}
		if c.RoundTrip > 0 {
			ms := float64(c.RoundTrip) / float64(time.Millisecond)
			one.RoundTripMS = &ms
		}
		st.Sessions += c.Sessions
		st.Connections = append(st.Connections, one)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Draining, st.Operations, st.Clients, st.Tunnels = s.draining, len(s.running), s.clientsLocked(), s.tunnelsLocked()
	return st
}

func (s *Server) snapshot() Snapshot {
	if s.cfg.Snapshot == nil {
		return Snapshot{}
	}
	return s.cfg.Snapshot()
}

func (s *Server) clientsLocked() int {
	clients := map[string]struct{}{}
	for o := range s.running {
		if o.known.caller != "" {
			clients[o.known.caller] = struct{}{}
		}
	}
	return len(clients)
}

func (s *Server) tunnelsLocked() int {
	n := 0
	for o := range s.running {
		if o.known.op == opConnect {
			n++
		}
	}
	return n
}
