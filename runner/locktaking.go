package runner

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"fleet/transport"
)

// A lockTaking takes a lock on many machines.
type lockTaking struct {
	lock   *heldLock
	places *places

	mu     sync.Mutex
	failed map[string]error // guarded by mu
	locked *Locked          // guarded by mu
}

// all takes the lock on one machine, the same one for everybody, and then on the
// others: of two at one time, one gets nothing, and not each a half. Where the
// first one does not answer, it is worth to know of all the others.
func (t *lockTaking) all(ctx context.Context, machines []*machine) (map[string]error, error) {
	ordered := slices.SortedFunc(slices.Values(machines), func(a, b *machine) int { return cmp.Compare(a.name, b.name) })
	held := t.one(ctx, ordered[0], nil)
	ordered = ordered[1:]
	if !held && t.locked == nil {
		ordered = t.reachable(ctx, ordered)
	}
	for !held && len(ordered) > 0 && t.locked == nil && ctx.Err() == nil {
		held = t.one(ctx, ordered[0], nil)
		ordered = ordered[1:]
	}
	if t.locked == nil {
		t.sideBySide(ctx, ordered, func(_ int, m *machine, p *place) { t.one(ctx, m, p) })
	}
	if t.locked != nil {
		return nil, t.locked
	}
	return t.failed, nil
}

// one takes the lock on m.
func (t *lockTaking) one(ctx context.Context, m *machine, p *place) bool {
	return t.held(m, t.lock.hold(ctx, m, p))
}

// held notes how an attempt on m ended, and reports whether it went well.
func (t *lockTaking) held(m *machine, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	var other *Locked
	switch {
	case err == nil:
		return true
	case errors.As(err, &other):
		t.locked = cmp.Or(t.locked, other)
		t.lock.cancel() // no more of it
	default:
		t.failed[m.name] = err
	}
	return false
}

// reachable are those of the machines that answer.
func (t *lockTaking) reachable(ctx context.Context, machines []*machine) []*machine {
	answer := make([]bool, len(machines))
	t.sideBySide(ctx, machines, func(i int, m *machine, p *place) {
		ctx, limits := newLimits(ctx, t.lock.terms.wait, 0)
		defer limits.stop()
		_, err := m.transport.Run(ctx, m.target, &transport.Command{Script: ":", Started: limits.start, Place: p})
		answer[i] = t.held(m, err)
	})
	var list []*machine
	for i, m := range machines {
		if answer[i] {
			list = append(list, m)
		}
	}
	return list
}

// sideBySide calls do for the machines, as many at one time as the fan-out says;
// those that do not answer do not count.
func (t *lockTaking) sideBySide(ctx context.Context, machines []*machine, do func(int, *machine, *place)) {
	var group sync.WaitGroup
	for i, m := range machines {
		place, err := t.places.take(ctx)
		if err != nil {
			break
		}
		group.Go(func() {
			do(i, m, place)
			place.giveBack()
		})
	}
	group.Wait()
}

// hold takes the lock on m, and has it held by a goroutine that release waits for.
func (l *heldLock) hold(ctx context.Context, m *machine, p *place) error {
	first := make(chan error, 1)
	h := &holder{lock: l, machine: m, first: first}
	if p != nil {
		h.place = p
	}
	l.holders.Go(func() { h.keep(ctx) })
	return <-first
}
