//go:build !windows

package runner

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/transport"
)

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
