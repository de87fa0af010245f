package runner

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"
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
	watch time.Duration // how long a stale one is watched before it is taken
}

var usualLock = lockTerms{dir: "/tmp", beat: 5 * time.Second, stale: 30 * time.Second, wait: 30 * time.Second, watch: 7 * time.Second}

// A lockClaim says which lock to take.
type lockClaim struct {
	name   string
	owner  string // for people
	run    string // a word that no other run has: tasks of one run share a lock
	fanout int    // how many hosts are asked at one time
}

// takeLock takes a task's lock on machines, as their login users. It is held until
// release is called or ctx ends; release must be called. failed are the machines
// where it could not be taken for another reason than that somebody else has it;
// for that, nothing is held and the error is a *Locked.
func takeLock(ctx context.Context, c lockClaim, machines []*machine) (l *heldLock, failed map[string]error, err error) {
	return usualLock.take(ctx, c, machines)
}

func (terms lockTerms) take(ctx context.Context, c lockClaim, machines []*machine) (*heldLock, map[string]error, error) {
	if !isLockName(c.name) {
		return nil, nil, fmt.Errorf("the lock name %q is not 1 to 64 letters, digits, '.', '_' and '-'", c.name)
	}
	c.owner = oneLine(c.owner)
	ctx, cancel := context.WithCancel(ctx)
	l := &heldLock{terms: terms, lockClaim: c, cancel: cancel, lost: make(chan struct{})}
	taking := &lockTaking{lock: l, places: newPlaces(c.fanout), failed: map[string]error{}}
	failed, err := taking.all(ctx, machines)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		l.release()
		return nil, failed, err
	}
	return l, failed, nil
}

// isLockName reports whether name can be part of a path on the hosts as it is.
func isLockName(name string) bool {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	return name != "" && len(name) <= 64 && strings.Trim(name, allowed) == ""
}

// A heldLock is a lock on several machines.
type heldLock struct {
	lockClaim
	terms   lockTerms
	cancel  context.CancelFunc
	holders sync.WaitGroup
	lost    chan struct{} // closed when somebody else got it on a machine

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
