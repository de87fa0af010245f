package tunnel

import "time"

// SetWall replaces the clock on the wall, before Start.
func (s *Set) SetWall(wall func() time.Time) { s.wall = wall }

// The times that tests measure by.
const (
	ProbeEvery = probeEvery
	SleepTick  = sleepTick
	WakeLimit  = wakeLimit
)

// WaitingMax bounds the connections of a forward that wait for a link.
const WaitingMax = waitingMax
