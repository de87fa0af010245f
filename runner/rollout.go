package runner

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"fleet/event"
)

// rollOut gives the batches their turns, one after another, and carries out at
// last what is done once for all. It returns how that ended, as a task_end.
func (t *taskRun) rollOut(ctx context.Context) *event.Event {
	t.emit(&event.Event{Type: event.TaskStart, Hosts: t.names(nil), Batches: len(t.plan.Batches)})
	end := t.batches(ctx)
	t.finish()
	t.closeTunnels()
	switch reason := t.budget.exceeded(); {
	case end.Outcome != event.OK || reason == "" && !t.unboundedFailure():
	case reason != "":
		end.Outcome, end.Reason = event.Failed, reason
	default:
		end.Outcome, end.Reason = event.Failed, t.budget.String()
	}
	return end
}

// unboundedFailure reports whether hosts of a task without a budget failed: it
// walks on with the others, but has not ended well.
func (t *taskRun) unboundedFailure() bool {
	return t.plan.Rollout == nil && t.budget.String() != ""
}

func (t *taskRun) batches(ctx context.Context) *event.Event {
	var b *batchRun
	for n := range t.plan.Batches {
		if n > 0 {
			if err := t.promote(ctx, n, b.worked.Load()); err != nil {
				return t.stopped(ctx, err.Error())
			}
		}
		b = newBatchRun(t, n)
		b.carryOut(ctx)
		if reason := b.halted(); reason != "" || ctx.Err() != nil {
			return t.stopped(ctx, reason)
		}
	}
	return &event.Event{Outcome: event.OK}
}

// stopped is the end of a task of which not all hosts had their turn, because
// of ctx or else for reason.
func (t *taskRun) stopped(ctx context.Context, reason string) *event.Event {
	if ctx.Err() != nil {
		return &event.Event{Outcome: event.Stopped, Reason: context.Cause(ctx).Error()}
	}
	t.run.stopEarly()
	return &event.Event{Outcome: event.Failed, Reason: reason}
}

// promote waits for what has to be between batch n, counted from 0, and the one
// before; worked says whether anything was sent for that. An error says why the
// batch has no turn.
func (t *taskRun) promote(ctx context.Context, n int, worked bool) error {
	rollout := t.plan.Rollout
	if rollout == nil {
		return nil
	}
	if t.plan.Batches[n-1].Canary && !rollout.AutoPromote {
		if memory := t.run.cfg.Memory; !worked && memory != nil && memory.Promoted(t.plan.Name) {
			return nil
		}
		return t.run.askPromote(ctx, Question{Kind: AskPromote, Task: t.plan.Name, Hosts: t.names(t.plan.Batches[n].Hosts)})
	}
	if rollout.Stagger <= 0 || !worked {
		return nil
	}
	t.note(fmt.Sprintf("waits %s before batch %d", span(rollout.Stagger), n+1))
	timer := time.NewTimer(rollout.Stagger)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A budget is how many hosts of a task may go wrong, and how many did. A bound
// of -1 is none.
type budget struct {
	failures, unreachable int

	mu            sync.Mutex
	failed, unmet int // guarded by mu
}

// charge counts a host that ended with o, and reports whether it went wrong.
func (b *budget) charge(o event.Outcome) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch o {
	case event.Unreachable:
		b.unmet++
	case event.Failed, event.Timeout, event.Unknown:
		b.failed++
	default:
		return false
	}
	return true
}

// String says what went wrong; "" where nothing did.
func (b *budget) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	if b.failed > 0 {
		list = append(list, hosts(b.failed, "failed", "failed"))
	}
	if b.unmet > 0 {
		list = append(list, hosts(b.unmet, "is unreachable", "are unreachable"))
	}
	return strings.Join(list, ", ")
}

// exceeded says why the budget is used up; "" where it is not.
func (b *budget) exceeded() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failures >= 0 && b.failed > b.failures:
		return fmt.Sprintf("%s, and max_failures is %d", hosts(b.failed, "failed", "failed"), b.failures)
	case b.unreachable >= 0 && b.unmet > b.unreachable:
		return fmt.Sprintf("%s, and max_unreachable is %d", hosts(b.unmet, "is unreachable", "are unreachable"), b.unreachable)
	}
	return ""
}

func hosts(n int, one, many string) string {
	if n == 1 {
		return "1 host " + one
	}
	return fmt.Sprintf("%d hosts %s", n, many)
}
