//go:build !windows

package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/transport"
)

// quickLock is a lock in a folder of its own.
func quickLock(t *testing.T) lockTerms {
	t.Helper()
	return lockTerms{dir: t.TempDir(), beat: 300 * time.Millisecond, stale: time.Minute, wait: time.Minute, watch: time.Second}
}

// claim is one by a run of an owner.
func claim(name, owner string) lockClaim {
	return lockClaim{name: name, owner: owner, run: "run of " + owner, fanout: DefaultFanout}
}

// files are the lock's files.
func (terms lockTerms) files(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(terms.dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// leave leaves a file as somebody did who was last seen some time ago.
func (terms lockTerms) leave(t *testing.T, name string, number int, owner string, ago time.Duration) string {
	t.Helper()
	file := filepath.Join(terms.dir, "fleet-lock."+name+"."+strconv.Itoa(number))
	at := time.Now().Add(-ago).Unix()
	if err := os.WriteFile(file, fmt.Appendf(nil, "token\n%d\n%d\n%s\nits run\n", at, at, owner), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// machines are n names of this machine.
func machines(n int) []*machine {
	list := make([]*machine, n)
	for i := range list {
		list[i] = here()
		list[i].name = "m" + strconv.Itoa(i)
	}
	return list
}

// A shelled transport runs scripts by another shell than /bin/sh.
type shelled struct {
	transport.Local
	shell string
}

func (s shelled) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	other := *c
	other.Env = append([]string{"SCRIPT=" + c.Script}, c.Env...)
	other.Script = `s=$SCRIPT; unset SCRIPT; exec ` + s.shell + ` -c "$s" sh "$@"`
	return s.Local.Run(ctx, t, &other)
}

// forEachPOSIXShell runs test with every shell that is installed; two have to be.
func forEachPOSIXShell(t *testing.T, test func(*testing.T, transport.Transport)) {
	for _, shell := range []struct {
		name     string
		required bool
	}{{"dash", true}, {"busybox sh", true}, {"bash", true}, {"mksh", false}, {"ksh", false}} {
		t.Run(strings.ReplaceAll(shell.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			program, _, _ := strings.Cut(shell.name, " ")
			if _, err := exec.LookPath(program); err != nil {
				if shell.required && os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
					t.Fatalf("FLEET_REQUIRE_SSHD is set, and %v", err)
				}
				t.Skip(err)
			}
			test(t, shelled{shell: shell.name})
		})
	}
}

func TestALockIsHeldByOneUntilItIsReleased(t *testing.T) {
	t.Parallel()
	forEachPOSIXShell(t, func(t *testing.T, tr transport.Transport) {
		terms := quickLock(t)
		list := machines(1)
		list[0].transport = tr
		l, failed, err := terms.take(t.Context(), claim("de.ploy-1_x", "ann@laptop (run 1)"), list)
		if err != nil || len(failed) > 0 {
			t.Fatal(err, failed)
		}
		if got := terms.files(t); len(got) != 1 {
			t.Errorf("while it is held: %v", got)
		}
		for range 3 { // again when some signs of life have come
			_, _, err = terms.take(t.Context(), claim("de.ploy-1_x", "bob@desk (run 2)"), list)
			var locked *Locked
			if !errors.As(err, &locked) || locked.Owner != "ann@laptop (run 1)" || locked.Host != "m0" || time.Since(locked.Since).Abs() > time.Minute {
				t.Fatalf("got %v", err)
			}
			waitForBeat(t, terms)
		}
		other, _, err := terms.take(t.Context(), claim("de", "bob"), list)
		if err != nil {
			t.Errorf("another name: %v", err)
		} else {
			other.release()
		}
		l.release()
		if got := terms.files(t); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
		select {
		case <-l.lost:
			t.Errorf("lost: %v", l.cause())
		default:
		}
		l, _, err = terms.take(t.Context(), claim("de.ploy-1_x", "bob"), list)
		if err != nil {
			t.Fatal(err)
		}
		l.release()
	})
}

// waitForBeat returns when the lock's file has been written anew.
func waitForBeat(t *testing.T, terms lockTerms) {
	t.Helper()
	inode := func() os.FileInfo {
		for _, f := range terms.files(t) {
			if info, err := os.Stat(f); err == nil && !strings.Contains(f, ".new.") {
				return info
			}
		}
		return nil
	}
	before := inode()
	poll(t, "a sign of life", func() bool { now := inode(); return now != nil && !os.SameFile(before, now) })
}

// poll asks until ok.
func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there was not: %s", what)
		}
	}
}

func TestOfTenWhoTakeALockAtOnceOneGetsIt(t *testing.T) {
	t.Parallel()
	for name, stale := range map[string]bool{"free": false, "stale": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			terms := quickLock(t)
			if stale {
				terms.leave(t, "deploy", 7, "the dead", time.Hour)
			}
			var all sync.WaitGroup
			var mu sync.Mutex
			var held []*heldLock
			for i := range 10 {
				all.Go(func() {
					l, failed, err := terms.take(t.Context(), claim("deploy", "owner "+strconv.Itoa(i)), machines(1))
					var locked *Locked
					if len(failed) > 0 || err != nil && !errors.As(err, &locked) {
						t.Errorf("got %v, %v", failed, err)
					}
					if err == nil {
						mu.Lock()
						held = append(held, l)
						mu.Unlock()
					}
				})
			}
			all.Wait()
			if len(held) != 1 {
				t.Errorf("%d got it", len(held))
			}
			for _, l := range held {
				l.release()
			}
			if got := terms.files(t); len(got) != 0 {
				t.Errorf("left: %v", got)
			}
		})
	}
}

// A reading transport returns only when nobody reads the input any more, as that of
// an SSH session does.
type reading struct{ transport.Transport }

func (r reading) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	in, out := io.Pipe()
	var all sync.WaitGroup
	defer all.Wait()
	stdin := c.Stdin
	all.Go(func() {
		_, err := io.Copy(out, stdin)
		out.CloseWithError(err)
	})
	defer in.Close()
	other := *c
	other.Stdin = in
	return r.Transport.Run(ctx, t, &other)
}

func TestWhoHoldsTheLockIsToldAtOnce(t *testing.T) {
	t.Parallel()
	forEachPOSIXShell(t, func(t *testing.T, tr transport.Transport) {
		terms := quickLock(t)
		terms.beat = time.Hour // nothing has to wait for it
		terms.leave(t, "deploy", 1, "bob", 0)
		list := machines(1)
		list[0].transport = reading{tr}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, _, err := terms.take(ctx, claim("deploy", "ann"), list)
		var locked *Locked
		if !errors.As(err, &locked) || locked.Owner != "bob" {
			t.Errorf("got %v", err)
		}
		terms.dir = filepath.Join(terms.dir, "missing")
		_, failed, err := terms.take(ctx, claim("deploy", "ann"), list)
		if err != nil || failed["m0"] == nil || !strings.Contains(failed["m0"].Error(), "no file can be made") {
			t.Errorf("in a folder that is not there: %v, %v", failed, err)
		}
	})
}

func TestAMachineThatIsThereTwiceIsLockedOnce(t *testing.T) {
	t.Parallel()
	terms := quickLock(t)
	l, failed, err := terms.take(t.Context(), claim("deploy", "ann"), machines(5))
	if err != nil || len(failed) > 0 {
		t.Fatal(err, failed)
	}
	waitForBeat(t, terms)
	second, failed, err := terms.take(t.Context(), claim("deploy", "ann"), machines(2))
	if err != nil || len(failed) > 0 {
		t.Fatalf("another task of the same run: %v, %v", err, failed)
	}
	// The first one ends: the lock is that of the second one, then.
	l.release()
	poll(t, "a lock again", func() bool {
		if err := second.cause(); err != nil {
			t.Fatal(err)
		}
		return len(terms.files(t)) == 1
	})
	if _, _, err := terms.take(t.Context(), claim("deploy", "bob"), machines(1)); err == nil {
		t.Error("another owner got it")
	}
	second.release()
	if got := terms.files(t); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestALockThatSomebodyTakesAwayIsLost(t *testing.T) {
	t.Parallel()
	forEachPOSIXShell(t, func(t *testing.T, tr transport.Transport) {
		for name, take := range map[string]func(terms lockTerms, file string){
			"removed": func(_ lockTerms, file string) {
				if err := os.Remove(file); err != nil {
					t.Error(err)
				}
			},
			"overruled":  func(terms lockTerms, _ string) { terms.leave(t, "deploy", 2, "bob", 0) },
			"of another": func(terms lockTerms, _ string) { terms.leave(t, "deploy", 1, "bob", 0) },
		} {
			terms := quickLock(t)
			list := machines(1)
			list[0].transport = tr
			l, _, err := terms.take(t.Context(), claim("deploy", "ann"), list)
			if err != nil {
				t.Fatal(err)
			}
			take(terms, filepath.Join(terms.dir, "fleet-lock.deploy.1"))
			select {
			case <-l.lost:
			case <-time.After(30 * time.Second):
				t.Errorf("%s: it is not lost", name)
			}
			if err := l.cause(); err == nil || !strings.Contains(err.Error(), `the lock "deploy" was lost on m0`) {
				t.Errorf("%s: got %v", name, err)
			}
			l.release()
			if name == "removed" {
				continue
			}
			if len(terms.files(t)) != 1 {
				t.Errorf("%s: the other's lock is gone: %v", name, terms.files(t))
			}
		}
	})
}

// Two runs may have one owner, and are two all the same.
func TestALockIsNotSharedBetweenRuns(t *testing.T) {
	t.Parallel()
	terms := quickLock(t)
	mine := claim("deploy", "ann")
	l, _, err := terms.take(t.Context(), mine, machines(1))
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	mine.run = "another"
	var locked *Locked
	if _, _, err := terms.take(t.Context(), mine, machines(1)); !errors.As(err, &locked) {
		t.Errorf("got %v", err)
	}
}
