package tasks

import (
	"math"

	"github.com/hashicorp/hcl/v2"
)

// rollout decodes a rollout block.
func (d *decoder) rollout(b *hcl.Block) *Rollout {
	attrs, _ := d.content(b, rolloutDef())
	r := &Rollout{AutoPromote: true}
	read(d, attrs["canary"], parseSize, &r.Canary)
	read(d, attrs["max_failures"], parseSize, &r.MaxFailures)
	read(d, attrs["max_unreachable"], parseSize, &r.MaxUnreachable)
	read(d, attrs["stagger"], parseDelay, &r.Stagger)
	read(d, attrs["min_healthy_time"], parseDelay, &r.MinHealthyTime)
	read(d, attrs["auto_revert"], parseBool, &r.AutoRevert)
	read(d, attrs["auto_promote"], parseBool, &r.AutoPromote)

	list, one := attrs["batches"], attrs["max_parallel"]
	if list != nil && one != nil {
		d.fail(list.NameRange, "Conflicting definitions", "batches and max_parallel are two ways to say how large batches are; keep one.")
		return r
	}
	var size Size
	if read(d, one, parseSize, &size) {
		r.Batches = []Size{size}
		d.checkSizes(one, r.Batches)
	}
	if read(d, list, parseSizes, &r.Batches) {
		d.checkSizes(list, r.Batches)
	}
	return r
}

// checkSizes refuses batches in which no host would ever have its turn.
func (d *decoder) checkSizes(a *hcl.Attribute, sizes []Size) {
	if len(sizes) == 0 {
		d.fail(a.Expr.Range(), "Rollout of nothing", "%s is empty, so no host would ever have its turn. Leave it out to take all hosts at once.", a.Name)
	}
	for _, s := range sizes {
		if s.none() {
			d.fail(a.Expr.Range(), "Rollout of nothing", "A batch of no hosts makes the rollout stand still; %s takes sizes from 1 host on.", a.Name)
			return
		}
	}
}

func (s Size) none() bool { return s.N == 0 && s.Percent == 0 }

// of is the size among n hosts, rounded down.
func (s Size) of(n int) int {
	if s.Percent == 0 {
		return s.N
	}
	// A little is added, as 29% of 100 is 28.999999999999996 in floating point.
	return int(math.Floor(float64(n)*s.Percent/100 + 1e-9))
}

// batches divides n hosts, in their order. A batch has at least one.
func (r *Rollout) batches(n int) []Batch {
	var out []Batch
	next := 0
	take := func(size int, canary bool) {
		b := Batch{Canary: canary}
		for end := min(next+max(size, 1), n); next < end; next++ {
			b.Hosts = append(b.Hosts, next)
		}
		out = append(out, b)
	}
	if r != nil && !r.Canary.none() && n > 0 {
		take(r.Canary.of(n), true)
	}
	for i := 0; next < n; i++ {
		if r == nil || len(r.Batches) == 0 {
			take(n, false)
			continue
		}
		take(r.Batches[min(i, len(r.Batches)-1)].of(n), false)
	}
	return out
}

// budget is how many of n hosts may fail, and how many may be unreachable, before
// no further batch begins; -1 is no bound.
func (r *Rollout) budget(n int) (failures, unreachable int) {
	if r == nil {
		return -1, -1
	}
	return r.MaxFailures.of(n), r.MaxUnreachable.of(n)
}
