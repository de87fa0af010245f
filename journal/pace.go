package journal

import "time"

const (
	// maxSyncs is how many fsyncs there are in a second while intents keep
	// coming. Each costs the processor several times what else is done for a
	// step, and a step over a network takes longer than the 5 ms between them.
	maxSyncs = 200
	// maxBurst is how many there may be at once before that counts.
	maxBurst = 20
	// lonely is how many one counts for that serves few.
	lonely = 4
)

// A pace bounds how often there is an fsync, by a bucket of tokens.
type pace struct {
	spent float64 // what is missing in the bucket
	last  time.Time
}

// wait is how long it is too early for one that serves intents of as many steps as
// are at work; 0 is now.
func (p *pace) wait(now time.Time, intents, atWork int) time.Duration {
	p.spent = max(0, p.spent-now.Sub(p.last).Seconds()*maxSyncs)
	p.last = now
	if over := p.spent + price(intents, atWork) - maxBurst; over > 0 {
		return time.Duration(over*float64(time.Second)/maxSyncs) + 1
	}
	return 0
}

// spend notes that there was one.
func (p *pace) spend(intents, atWork int) { p.spent += price(intents, atWork) }

// price is what an fsync counts for. Where many are at work others will come soon
// who can share it, while there is enough to do; a few do not wait for anybody.
func price(intents, atWork int) float64 {
	if intents >= lonely || 2*lonely*intents >= atWork {
		return 1
	}
	return lonely
}
