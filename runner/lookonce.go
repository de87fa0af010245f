package runner

import (
	"context"
	"slices"

	"fleet/tasks"
)

// settleOnce decides which host carries out what is done once: the first one that
// can be reached. It is the only one whose guards are asked.
func (t *taskLook) settleOnce(ctx context.Context) {
	for _, s := range t.steps {
		if !s.step.Once || ctx.Err() != nil {
			continue
		}
		var first *verdict
		on := "" // who carries it out, in words
		for i := range s.verdicts {
			v := &s.verdicts[i]
			if v.waits == nil {
				continue
			}
			if first != nil {
				*v = first.shared(on)
				continue
			}
			if i > 0 {
				turn := &turn{open: true} // by now nobody knows what is before it
				*v = t.calls(ctx, t.plan.Hosts[i], s.step, v.waits, turn)
				turn.remotes.close()
			}
			if v.Decision != CannotAsk {
				first, on = v, "carried out once, on "+t.plan.Hosts[i].Name
				if !t.alone(i) && v.Decision != WontWork {
					on += " or whichever host gets there first"
				}
			}
		}
	}
}

// alone reports whether a host has its turn without others.
func (t *taskLook) alone(host int) bool {
	return slices.ContainsFunc(t.plan.Batches, func(b tasks.Batch) bool { return len(b.Hosts) == 1 && b.Hosts[0] == host })
}

// shared is the verdict for a host that shares the end of a once step; on says who
// carries it out.
func (v *verdict) shared(on string) verdict {
	switch v.Decision {
	case WillRun:
		return verdict{Decision: WillSkip, Reason: on}
	case KnownLater:
		return verdict{Decision: KnownLater, Reason: on}
	case WontWork:
		return verdict{Decision: WontWork, Reason: v.Reason + " (" + on + ")"}
	default:
		return verdict{Decision: v.Decision, Reason: v.Reason}
	}
}
