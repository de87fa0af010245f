package runner

import (
	"context"
	"sync"
	"sync/atomic"

	"fleet/event"
	"fleet/tasks"
)

// A batchRun is hosts of a task that have their turn together.
type batchRun struct {
	task   *taskRun
	n      int // counted from 1
	canary bool
	hosts  []int // by their places in the task
	line   *line
	failed atomic.Int32 // hosts that went wrong
	worked atomic.Bool  // a step was sent in this run
	waits  sync.Once    // tells of min_healthy_time
	// verdict says why the batch is bad; "" where it is good. It is asked when
	// the steps of all its hosts have ended, and stays what it was.
	verdict  func() string
	consents map[*tasks.Step]*consent
}

func newBatchRun(t *taskRun, n int) *batchRun {
	planned := t.plan.Batches[n]
	b := &batchRun{
		task: t, n: n + 1, canary: planned.Canary, hosts: planned.Hosts,
		line: newLine(len(t.plan.Steps)+2, len(planned.Hosts)),
	}
	b.verdict = sync.OnceValue(b.bad)
	if t.run.cfg.StepByStep && t.run.cfg.Ask != nil {
		b.consents = map[*tasks.Step]*consent{}
		for _, steps := range [][]*tasks.Step{t.plan.Steps, t.plan.Handlers} {
			for _, s := range steps {
				b.consents[s] = newConsent()
			}
		}
	}
	return b
}

func (b *batchRun) emit(e *event.Event) {
	e.Batch = b.n
	b.task.emit(e)
}

// carryOut returns when every host of the batch has ended. Hosts begin in their
// order, as places get free. When the batch turns bad, those that have to wait
// for the place of another one do not begin any more.
func (b *batchRun) carryOut(ctx context.Context) {
	b.emit(&event.Event{Type: event.BatchStart, Hosts: b.task.names(b.hosts), Canary: b.canary})
	var group sync.WaitGroup
	for k, i := range b.hosts {
		w := b.begin(ctx, i, k < b.task.run.fanout)
		if w == nil {
			b.line.move(0, b.task.gone())
			continue
		}
		group.Go(func() {
			w.walk(ctx)
			w.place.giveBack()
		})
	}
	group.Wait()
	end := &event.Event{Type: event.BatchEnd, Outcome: event.OK}
	if reason := b.bad(); reason != "" {
		end.Outcome, end.Reason = event.Failed, reason
	}
	b.emit(end)
}

// begin returns the walk of a host when that has a place; nil where the host
// has no turn. For the first ones it does not matter how fast others fail.
func (b *batchRun) begin(ctx context.Context, i int, first bool) *hostWalk {
	host := b.task.plan.Hosts[i]
	if b.task.without(host.Name) {
		return nil
	}
	place, err := b.task.run.places.take(ctx)
	if err != nil {
		return nil
	}
	if b.task.run.refused.Load() || !first && b.bad() != "" {
		place.giveBack()
		return nil
	}
	w := newHostWalk(b, i, place)
	b.task.walks[i] = w
	return w
}

// halted says why no other batch has its turn.
func (b *batchRun) halted() string {
	if b.task.run.refused.Load() {
		return errRefused.Error()
	}
	return b.bad()
}

// bad says why the batch is to be reverted.
func (b *batchRun) bad() string {
	if b.canary && b.failed.Load() > 0 {
		return "the canary failed"
	}
	return b.task.budget.exceeded()
}

// charge counts the end of a host, nil for a good one.
func (b *batchRun) charge(end *event.Event) {
	if end != nil && b.task.budget.charge(end.Outcome) {
		b.failed.Add(1)
	}
}

// The places in the line of a batch: one before each step, one where the steps
// are over and the verdict is waited for, and one for who is gone.
func (t *taskRun) atVerdict() int { return len(t.plan.Steps) }
func (t *taskRun) gone() int      { return len(t.plan.Steps) + 1 }
