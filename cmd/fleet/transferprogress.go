package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"fleet/pool/transfer"
)

// rateOver is the time over which a rate is measured: long enough to be steady,
// short enough to tell that nothing moves any more.
const rateOver = 5 * time.Second

// A progress is what the status line says of transfers.
type progress struct {
	meter *transfer.Meter
	hosts int          // of the run
	begun atomic.Int64 // hosts that had their turn

	samples []sample // of the last rateOver, and one from before; for one goroutine
}

// A sample is how much was done at a time.
type sample struct {
	at   time.Time
	done int64
}

// text is how far things are at a time.
func (p *progress) text(now time.Time) string {
	return p.tell(now, p.meter.Progress(), int(p.begun.Load()))
}

// tell is text for what the meter says. What hosts have to do that had no turn yet
// is taken to be what the others had.
func (p *progress) tell(now time.Time, m transfer.Progress, begun int) string {
	if m.Files == 0 || begun == 0 {
		return ""
	}
	rate := p.rate(now, m.BytesDone)
	total, about := m.Bytes, ""
	if begun < p.hosts {
		total, about = total/int64(begun)*int64(p.hosts), "about "
	}
	var parts []string
	if m.Files > 2*begun { // folders: of single files the hosts say it
		parts = append(parts, fmt.Sprintf("%d of %d files", m.FilesDone, m.Files))
	}
	parts = append(parts, fmt.Sprintf("%s of %s%s", size(m.BytesDone), about, size(total)))
	left := total - m.BytesDone
	if left > 0 && len(p.samples) > 1 {
		parts = append(parts, size(max(rate, 0))+"/s")
	}
	if left > 0 && rate > 0 {
		const most = 100 * time.Hour
		if d := time.Duration(float64(left) / float64(rate) * float64(time.Second)); float64(left)/float64(rate) < most.Seconds() {
			parts = append(parts, roughly(max(d, time.Second).Round(time.Second))+" left")
		}
	}
	return strings.Join(parts, ", ")
}

// rate is bytes a second of late.
func (p *progress) rate(now time.Time, done int64) int64 {
	p.samples = append(p.samples, sample{now, done})
	for len(p.samples) > 2 && now.Sub(p.samples[1].at) >= rateOver {
		p.samples = p.samples[1:]
	}
	first := p.samples[0]
	took := now.Sub(first.at).Seconds()
	if took <= 0 {
		return 0
	}
	return int64(float64(done-first.done) / took)
}
