package main

import (
	"fleet/agent"
	"fleet/pool"
)

// snapshot is what the pool tells of itself, in the agent's words.
func snapshot(p *pool.Pool) agent.Snapshot {
	s := p.Snapshot()
	out := agent.Snapshot{
		Connections: make([]agent.Connection, len(s.Connections)),
		Dialing:     s.Dialing, Waiting: s.Waiting, Dials: s.Dials, Sessions: s.Sessions,
		Queue: agent.Times(s.Queue), RoundTrips: agent.Times(s.RoundTrips), Received: s.Received, Sent: s.Sent,
	}
	for i, c := range s.Connections {
		out.Connections[i] = agent.Connection(c)
	}
	return out
}
