package journal

import "time"

const (
	// maxSyncs is how many fsyncs there are in a second while intents keep
	// coming. Each costs the processor several times what else is done for a
	// step, and a step over a network takes longer than the 5 ms between them.
	maxSyncs = 200
	// maxBurst is how many there may be at once before that counts.
	maxBurst = 20
)

// A pace bounds how often something is done, by a bucket of tokens.
type pace struct {
	spent float64 // what is missing in the bucket
	last  time.Time
}

// wait is how long it is too early to do it; 0 is now.
func (p *pace) wait(now time.Time) time.Duration {
	p.spent = max(0, p.spent-now.Sub(p.last).Seconds()*maxSyncs)
	p.last = now
	if over := p.spent - (maxBurst - 1); over > 0 {
		return time.Duration(over*float64(time.Second)/maxSyncs) + 1
	}
	return 0
}

// spend notes that it was done.
func (p *pace) spend() { p.spent++ }
