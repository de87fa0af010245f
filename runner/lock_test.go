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

func TestAStaleLockIsTakenAndAFreshOneIsNot(t *testing.T) {
	t.Parallel()
	forEachPOSIXShell(t, func(t *testing.T, tr transport.Transport) {
		for _, tt := range []struct {
			ago  time.Duration
			free bool
		}{{0, false}, {5 * time.Second, false}, {time.Minute, true}, {1000 * time.Hour, true}, {-time.Hour, false}} {
			terms := quickLock(t)
			terms.stale = 30 * time.Second
			terms.leave(t, "deploy", 3, "the dead", tt.ago)
			list := machines(1)
			list[0].transport = tr
			l, _, err := terms.take(t.Context(), claim("deploy", "ann"), list)
			if (err == nil) != tt.free {
				t.Errorf("%s ago: got %v", tt.ago, err)
			}
			if l != nil {
				l.release()
			}
		}
	})
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

// A dated transport has the clock of its host set forward by what a file says.
type dated struct {
	transport.Transport
	bin, ahead string // a folder for programs, and the file
}

func newDated(t *testing.T, tr transport.Transport) dated {
	t.Helper()
	d := dated{tr, t.TempDir(), filepath.Join(t.TempDir(), "ahead")}
	date, err := exec.LookPath("date")
	if err != nil {
		t.Fatal(err)
	}
	program := fmt.Sprintf("#!/bin/sh\necho $(($(%s +%%s) + $(cat %s)))\n", date, d.ahead)
	if err := os.WriteFile(filepath.Join(d.bin, "date"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	d.set(t, 0)
	return d
}

func (d dated) set(t *testing.T, seconds int) {
	t.Helper()
	if err := os.WriteFile(d.ahead, []byte(strconv.Itoa(seconds)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (d dated) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	other := *c
	other.Script = "PATH=" + d.bin + ":$PATH\n" + c.Script
	return d.Transport.Run(ctx, t, &other)
}

// Neither the owner nor somebody else takes the clock of the host at its word.
func TestALockOutlivesThatTheClockIsSet(t *testing.T) {
	t.Parallel()
	forEachPOSIXShell(t, func(t *testing.T, tr transport.Transport) {
		terms := quickLock(t)
		terms.watch = 3 * time.Second
		list, d := machines(1), newDated(t, tr)
		list[0].transport = d
		l, _, err := terms.take(t.Context(), claim("deploy", "ann"), list)
		if err != nil {
			t.Fatal(err)
		}
		defer l.release()
		d.set(t, 3600)
		var locked *Locked
		if _, _, err := terms.take(t.Context(), claim("deploy", "bob"), list); !errors.As(err, &locked) || locked.Owner != "ann" {
			t.Errorf("got %v", err)
		}
		waitForBeat(t, terms)
		if l.cause() != nil {
			t.Error(l.cause())
		}
	})
}

// A holder that was silent for a while keeps its lock unless somebody took it.
func TestAHolderThatWasSilentForLong(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]bool{"nobody took it": false, "somebody did": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			terms := quickLock(t)
			terms.beat, terms.stale = 6*time.Second, time.Second
			l, _, err := terms.take(t.Context(), claim("deploy", "ann"), machines(1))
			if err != nil {
				t.Fatal(err)
			}
			defer l.release()
			if !taken {
				waitForBeat(t, terms)
				waitForBeat(t, terms)
				if l.cause() != nil {
					t.Error(l.cause())
				}
				return
			}
			var other *heldLock
			poll(t, "a stale lock", func() bool {
				other, _, err = terms.take(t.Context(), claim("deploy", "bob"), machines(1))
				return err == nil
			})
			defer other.release()
			<-l.lost
			if other.cause() != nil {
				t.Error(other.cause())
			}
		})
	}
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

// However many hosts are dead: they are waited for side by side.
func TestDeadHostsCostALockOneTimeout(t *testing.T) {
	t.Parallel()
	terms := quickLock(t)
	list := machines(20)
	var dead gone
	for _, m := range list[:19] {
		m.transport = &dead
	}
	c := claim("deploy", "ann")
	c.fanout = 3
	l, failed, err := terms.take(t.Context(), c, list)
	if err != nil || len(failed) != 19 {
		t.Fatalf("got %v, %v", failed, err)
	}
	defer l.release()
	if dead.most != 18 {
		t.Errorf("%d were waited for at once, want all but the first", dead.most)
	}
}

// A gone host answers nothing. 18 of them are given up when there are so many.
type gone struct {
	transport.Local
	mu        sync.Mutex
	now, most int           // guarded by mu
	all       chan struct{} // closed then; guarded by mu
}

func (g *gone) Run(ctx context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
	e := &transport.Error{Op: "connect", Kind: transport.KindUnreachable, Err: errors.New("no answer"), Stopped: true}
	if c.Place == nil {
		return transport.Status{}, e
	}
	c.Place.Leave()
	g.mu.Lock()
	if g.all == nil {
		g.all = make(chan struct{})
	}
	g.now++
	if g.most = g.now; g.now == 18 {
		close(g.all)
	}
	all := g.all
	g.mu.Unlock()
	select {
	case <-all:
	case <-time.After(10 * time.Second):
	}
	_ = c.Place.Enter(ctx)
	return transport.Status{}, e
}

func TestWhatIsNoLockIsNotReadAndNotRemoved(t *testing.T) {
	t.Parallel()
	forEachPOSIXShell(t, func(t *testing.T, tr transport.Transport) {
		for name, lay := range map[string]func(file string) error{
			"a link":     func(file string) error { return os.Symlink("/etc/passwd", file) },
			"a folder":   func(file string) error { return os.Mkdir(file, 0o755) },
			"other text": func(file string) error { return os.WriteFile(file, []byte("a\nb\nc\nd\ne\n"), 0o644) },
			"nothing":    func(file string) error { return os.WriteFile(file, nil, 0o644) },
			"no end": func(file string) error {
				return os.WriteFile(file, []byte("a\n99999999999999999999\n99999999999999999999\nd\ne\n"), 0o644)
			},
			"a pipe": func(file string) error { return exec.Command("mkfifo", file).Run() },
		} {
			terms := quickLock(t)
			terms.beat = 20 * time.Second // which nobody waits for
			file := filepath.Join(terms.dir, "fleet-lock.deploy.1")
			if err := lay(file); err != nil {
				t.Fatal(err)
			}
			list := machines(1)
			list[0].transport = reading{tr}
			asked := time.Now()
			l, failed, err := terms.take(t.Context(), claim("deploy", "ann"), list)
			if err != nil || failed["m0"] == nil || !strings.HasSuffix(failed["m0"].Error(), file+" is not a lock; hint: look what it is, and remove it on the host: rm -r "+file) {
				t.Errorf("%s: got %v, %v", name, failed, err)
			}
			if took := time.Since(asked); took >= terms.beat {
				t.Errorf("%s: it is said after %s", name, took)
			}
			if l != nil {
				l.release()
			}
			if _, err := os.Lstat(file); err != nil || len(terms.files(t)) != 1 {
				t.Errorf("%s: %v, and there are %v", name, err, terms.files(t))
			}
		}
	})
}

func TestALockThatCannotBeMadeIsSaid(t *testing.T) {
	t.Parallel()
	terms := quickLock(t)
	terms.dir += "/no/such"
	l, failed, err := terms.take(t.Context(), claim("deploy", "ann"), machines(2))
	if err != nil || len(failed) != 2 || !strings.Contains(failed["m1"].Error(), "no file can be made in "+terms.dir) {
		t.Fatalf("got %v, %v", failed, err)
	}
	l.release()
	if _, _, err := terms.take(t.Context(), claim("../x", "ann"), machines(1)); err == nil || !strings.Contains(err.Error(), `"../x"`) {
		t.Errorf("got %v", err)
	}
}

// A host that cannot be reached does not hold up the others, and one that says
// nothing for ever does not either.
func TestTheLockIsTakenWhereItCanBe(t *testing.T) {
	t.Parallel()
	terms := quickLock(t)
	terms.wait = 200 * time.Millisecond
	list := machines(3)
	list[0].transport = unreachable{}
	list[1].transport = mute{}
	l, failed, err := terms.take(t.Context(), claim("deploy", "ann"), list)
	if err != nil || len(failed) != 2 || transport.KindOf(failed["m0"]) != transport.KindUnreachable || transport.KindOf(failed["m1"]) != transport.KindTimeout {
		t.Fatalf("got %v, %v", failed, err)
	}
	if len(terms.files(t)) != 1 {
		t.Errorf("got %v", terms.files(t))
	}
	l.release()
}

type unreachable struct{ transport.Local }

func (unreachable) Run(context.Context, transport.Target, *transport.Command) (transport.Status, error) {
	return transport.Status{}, &transport.Error{Op: "connect", Kind: transport.KindUnreachable, Err: errors.New("no route"), Stopped: true}
}

// A mute host runs something else.
type mute struct{ transport.Local }

func (m mute) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	other := *c
	other.Script = "cat; sleep 600"
	return m.Local.Run(ctx, t, &other)
}

// Where the connection is lost, the lock is taken again.
func TestALockOutlivesItsConnection(t *testing.T) {
	t.Parallel()
	terms := quickLock(t)
	flaky := &cut{now: make(chan struct{})}
	list := machines(1)
	list[0].transport = flaky
	l, _, err := terms.take(t.Context(), claim("deploy", "ann"), list)
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	close(flaky.now)
	poll(t, "another connection", func() bool { flaky.mu.Lock(); defer flaky.mu.Unlock(); return flaky.runs == 2 })
	poll(t, "a lock again", func() bool { return len(terms.files(t)) == 1 })
	waitForBeat(t, terms)
	select {
	case <-l.lost:
		t.Errorf("lost: %v", l.cause())
	default:
	}
}

// A cut transport loses its first command's connection.
type cut struct {
	transport.Local
	now chan struct{}

	mu   sync.Mutex
	runs int // guarded by mu
}

func (c *cut) Run(ctx context.Context, t transport.Target, cmd *transport.Command) (transport.Status, error) {
	c.mu.Lock()
	c.runs++
	first := c.runs == 1
	c.mu.Unlock()
	if !first {
		return c.Local.Run(ctx, t, cmd)
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() { // ends with the command
		select {
		case <-c.now:
		case <-ctx.Done():
		}
		cancel()
	}()
	_, err := c.Local.Run(ctx, t, cmd)
	cancel()
	return transport.Status{}, &transport.Error{Op: "run", Kind: transport.KindLost, Err: err, Sent: true}
}
