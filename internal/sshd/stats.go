package sshd

import "sync/atomic"

// Stats are counts since the server was made, for tests and benchmarks.
type Stats struct {
	Accepted     int64 // TCP connections
	Dropped      int64 // of these, dropped by MaxStartups
	Open         int64 // connections that are logged in now
	PeakPending  int64 // most connections at a time that had not logged in yet
	Sessions     int64 // session slots in use now
	PeakSessions int64 // most sessions at a time on one connection
	Commands     int64 // exec, shell and subsystem requests answered with success
}

type stats struct {
	accepted, dropped, open, sessions, commands atomic.Int64
	peakPending, peakSessions                   atomic.Int64
}

func (s *stats) pending(n int)  { raise(&s.peakPending, int64(n)) }
func (s *stats) occupied(n int) { raise(&s.peakSessions, int64(n)) }

func raise(peak *atomic.Int64, n int64) {
	for {
		was := peak.Load()
		if n <= was || peak.CompareAndSwap(was, n) {
			return
		}
	}
}

// Stats returns the counts as they are now.
func (s *Server) Stats() Stats {
	return Stats{
		Accepted:     s.stats.accepted.Load(),
		Dropped:      s.stats.dropped.Load(),
		Open:         s.stats.open.Load(),
		PeakPending:  s.stats.peakPending.Load(),
		Sessions:     s.stats.sessions.Load(),
		PeakSessions: s.stats.peakSessions.Load(),
		Commands:     s.stats.commands.Load(),
	}
}
