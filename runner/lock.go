package runner

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Locks
//
// A lock is a file on each of the hosts (lock.sh says how). A session on the host
// holds it and is told every few seconds that fleet lives; so the lock goes with
// the session, and where the host does not notice its end, the lock becomes stale.
//
// A lost connection does not lose the lock: a host may be rebooted by the very task.
// The lock is taken again until somebody else turns out to have it.

//go:embed lock.sh
var lockScript string

// A Locked is the error where somebody else has the lock of a task.
type Locked struct {
	Name  string // of the lock
	Host  string
	Owner string
	Since time.Time // by the clock of the host
}

func (e *Locked) Error() string {
	return fmt.Sprintf("the lock %q is held by %s since %s (on %s)", e.Name, e.Owner, e.Since.Format(time.DateTime+" MST"), e.Host)
}

// lockTerms are the folder and the times of locks.
type lockTerms struct {
	dir   string
	beat  time.Duration // between two signs of life
	stale time.Duration // without any, a lock counts no longer
	wait  time.Duration // for the first answer of a host that was asked
}

var usualLock = lockTerms{dir: "/tmp", beat: 5 * time.Second, stale: 30 * time.Second, wait: 30 * time.Second}

var lockNames = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// takeLock takes a task's lock on machines, as their login users. It is held until
// release is called or ctx ends; release must be called. failed are the machines
// where it could not be taken for another reason than that somebody else has it;
// for that, nothing is held and the error is a *Locked.
func takeLock(ctx context.Context, name, owner string, machines []*machine) (l *heldLock, failed map[string]error, err error) {
	return usualLock.take(ctx, name, owner, machines)
}

func (terms lockTerms) take(ctx context.Context, name, owner string, machines []*machine) (*heldLock, map[string]error, error) {
	if !lockNames.MatchString(name) {
		return nil, nil, fmt.Errorf("the lock name %q has other characters than letters, digits, '.', '_' and '-'", name)
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &heldLock{terms: terms, name: name, owner: oneLine(owner), cancel: cancel, lost: make(chan struct{})}
	failed, err := l.takeAll(ctx, machines)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		l.release()
		return nil, failed, err
	}
	return l, failed, nil
}

// A heldLock is a lock on several machines.
type heldLock struct {
	terms       lockTerms
	name, owner string
	cancel      context.CancelFunc
	holders     sync.WaitGroup
	lost        chan struct{} // closed when somebody else got it on a machine

	mu  sync.Mutex
	why error // guarded by mu
}

// release gives the lock up on all machines, and returns when that is done.
func (l *heldLock) release() {
	l.cancel()
	l.holders.Wait()
}

// cause tells why the lock was lost.
func (l *heldLock) cause() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

func (l *heldLock) lose(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil {
		l.why = why
		close(l.lost)
	}
}

// takeAll takes the lock on one machine, the same one for everybody, and then on
// the others: of two at one time, one gets nothing, and not each a half.
func (l *heldLock) takeAll(ctx context.Context, machines []*machine) (map[string]error, error) {
	ordered := slices.SortedFunc(slices.Values(machines), func(a, b *machine) int { return cmp.Compare(a.name, b.name) })
	var mu sync.Mutex
	failed := map[string]error{}
	var locked *Locked
	one := func(m *machine) bool {
		err := l.hold(ctx, m)
		mu.Lock()
		defer mu.Unlock()
		var other *Locked
		switch {
		case err == nil:
			return true
		case errors.As(err, &other):
			locked = cmp.Or(locked, other)
			l.cancel() // no more of it
		default:
			failed[m.name] = err
		}
		return false
	}
	for len(ordered) > 0 && locked == nil {
		m := ordered[0]
		ordered = ordered[1:]
		if one(m) {
			break
		}
	}
	var group errgroup.Group
	group.SetLimit(DefaultFanout)
	for _, m := range ordered {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			one(m)
			return nil // a host that failed is a result
		})
	}
	_ = group.Wait()
	if locked != nil {
		return nil, locked
	}
	return failed, nil
}

// hold takes the lock on m, and has it held by a goroutine that release waits for.
func (l *heldLock) hold(ctx context.Context, m *machine) error {
	first := make(chan error, 1)
	h := &holder{lock: l, machine: m, first: first}
	l.holders.Go(func() { h.keep(ctx) })
	return <-first
}
