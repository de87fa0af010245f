package runner

import (
	"context"
	"errors"
	"fmt"

	"fleet/event"
)

// underLock rolls the task out while it holds its lock, if it has one. Tasks of
// this run that have the same lock come one after another.
func (t *taskRun) underLock(ctx context.Context) *event.Event {
	if t.plan.Lock == "" {
		return t.rollOut(ctx)
	}
	turn := t.run.locks[t.plan.Lock]
	select {
	case turn <- struct{}{}:
	default:
		t.note(fmt.Sprintf("waits for the lock %q, which another task of this run has", t.plan.Lock))
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return notAttempted(context.Cause(ctx).Error())
		}
	}
	defer func() { <-turn }()
	lock, err := t.lock(ctx)
	if lock != nil {
		defer lock.release()
	}
	switch {
	case ctx.Err() != nil:
		return notAttempted(context.Cause(ctx).Error())
	case err != nil:
		t.run.stopEarly()
		return notAttempted(err.Error())
	case lock == nil: // no host can be reached
		return t.rollOut(ctx)
	}
	return t.guardedBy(ctx, lock)
}

// guardedBy rolls the task out, and stops it when the lock is lost.
func (t *taskRun) guardedBy(ctx context.Context, lock *heldLock) *event.Event {
	ctx, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() { // ends with ctx
		defer close(watched)
		select {
		case <-lock.lost:
			cancel(lock.cause())
		case <-ctx.Done():
		}
	}()
	end := t.rollOut(ctx)
	cancel(nil)
	<-watched
	var lost *lockLost
	if errors.As(context.Cause(ctx), &lost) {
		t.run.stopEarly()
	}
	return end
}

// lock takes the lock on all hosts of the task. It is held under the context of
// the always steps, which come after a stop. A host without a target, or on
// which the lock cannot be taken, is left to its walk, which tells why.
func (t *taskRun) lock(ctx context.Context) (*heldLock, error) {
	t.lockless = map[string]error{}
	var machines []*machine
	for _, h := range t.plan.Hosts {
		target, err := t.run.target(ctx, h)
		if err != nil {
			t.lockless[h.Name] = err
			continue
		}
		machines = append(machines, &machine{name: h.Name, target: target, transport: t.run.cfg.Transport})
	}
	if len(machines) == 0 {
		return nil, nil
	}
	hold, cancel := context.WithCancelCause(t.run.cleanup)
	taken := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	claim := lockClaim{name: t.plan.Lock, owner: t.run.cfg.Owner, run: t.run.word, fanout: t.run.fanout}
	told := t.tellSlowLock(len(machines))
	lock, failed, err := takeLock(hold, claim, machines)
	told()
	for name, err := range failed {
		t.lockless[name] = err
	}
	taken()
	if err != nil {
		cancel(err)
		return nil, err
	}
	return lock, nil
}
