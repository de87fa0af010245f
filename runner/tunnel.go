package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"fleet/event"
	"fleet/internal/forward"
	"fleet/pool/tunnel"
	"fleet/tasks"
	"fleet/transport"
)

// tunnels are those that steps have opened and that somebody will close: a host,
// or the task where a step is carried out once for all. The zero value is ready
// for use, by several goroutines.
type tunnels struct {
	mu   sync.Mutex
	open []*openTunnel // guarded by mu
}

// An openTunnel is one of them.
type openTunnel struct {
	set    *tunnel.Set
	teller *teller
}

func (t *tunnels) add(one *openTunnel) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = append(t.open, one)
}

// close returns when nothing of them is left.
func (t *tunnels) close() {
	t.mu.Lock()
	open := t.open
	t.open = nil
	t.mu.Unlock()
	for _, one := range open {
		one.close()
	}
}

func (o *openTunnel) close() {
	o.teller.stop()
	_ = o.set.Close() // which has no error to tell
}

// closeTunnels closes all that the task has opened and that is still open.
func (t *taskRun) closeTunnels() {
	for _, w := range t.walks {
		if w != nil {
			w.tunnels.close()
		}
	}
	t.tunnels.close()
}

// openTunnel opens the tunnel of the step, and returns where it listens. It lives
// for as long as always steps may take, and so is not ended by the end of ctx once
// it is open.
func (c *callRun) openTunnel(ctx context.Context, a *tasks.Tunnel) (forward.Endpoint, error) {
	ctx, limits := newLimits(ctx, c.step.Timeout, 0)
	defer limits.stop()
	limits.start()
	spec := tunnel.Spec{Target: c.machine.target, Rules: []forward.Rule{a.Rule}}
	if a.OnDown == tunnel.Refuse.String() {
		spec.OnDown = tunnel.Refuse
	}
	one := &openTunnel{teller: newTeller(c.tellState)}
	set, err := tunnel.New(tunnel.Config{Transport: c.machine.transport, Changed: one.teller.changed}, []tunnel.Spec{spec})
	if err != nil {
		one.teller.stop()
		return forward.Endpoint{}, errors.New(strings.TrimPrefix(err.Error(), spec.Target.Label()+": "))
	}
	one.set = set
	set.Start(c.run.cleanup)
	if err := set.Ready(ctx); err != nil {
		err = c.unopened(ctx, set.Status()[0].Err, err)
		one.close()
		return forward.Endpoint{}, err
	}
	one.teller.begin()
	if c.step.Once {
		c.task.tunnels.add(one)
	} else {
		c.tunnels.add(one)
	}
	return set.Status()[0].Listen, nil
}

// unopened is why a tunnel could not be opened. Nothing was sent for it.
func (c *callRun) unopened(ctx context.Context, last, err error) error {
	if ctx.Err() == nil {
		if last != nil {
			err = last
		}
		return question(err)
	}
	cause := context.Cause(ctx)
	kind := transport.KindCanceled
	if transport.KindOf(cause) == transport.KindTimeout {
		kind = transport.KindTimeout
		if last != nil {
			cause = fmt.Errorf("%w; %w", cause, withoutOp(last))
		}
	}
	return &transport.Error{Op: "run", Host: c.machine.name, Kind: kind, Err: cause, Stopped: true}
}

// tellState tells people of a tunnel that is away, or back.
func (c *callRun) tellState(s tunnel.Status, away time.Duration) {
	level, what := "info", fmt.Sprintf("is ready again after %s", away.Round(time.Second))
	if s.State == tunnel.StateDown {
		level, what = "warn", "is down, and tried again"
		if s.Err != nil {
			what += ": " + withoutOp(s.Err).Error()
		}
	}
	c.batch.emit(&event.Event{
		Type: event.Note, Level: level, Host: c.host.Name,
		Message: fmt.Sprintf("%s: the tunnel of step %s %s", c.task.plan.Name, c.step.Name, what),
	})
}

// A teller passes changes of a tunnel's state on, one after another, without
// holding up the tunnel.
type teller struct {
	tell  func(s tunnel.Status, away time.Duration)
	news  chan tunnel.Status
	over  chan struct{}
	group sync.WaitGroup
	once  sync.Once
}

// fewNews bounds what waits to be told; what comes when so much waits is dropped.
const fewNews = 16

func newTeller(tell func(tunnel.Status, time.Duration)) *teller {
	return &teller{tell: tell, news: make(chan tunnel.Status, fewNews), over: make(chan struct{})}
}

// changed is told of every change.
func (t *teller) changed(s tunnel.Status) {
	if s.State != tunnel.StateDown && s.State != tunnel.StateReady {
		return
	}
	select {
	case t.news <- s:
	default:
	}
}

// begin tells of what is down from now on; stop ends that.
func (t *teller) begin() {
	t.group.Go(func() {
		var since time.Time // when it went down; zero while it is up
		for {
			select {
			case s := <-t.news:
				switch {
				case s.State == tunnel.StateDown && since.IsZero():
					since = s.Since
					t.tell(s, 0)
				case s.State == tunnel.StateReady && !since.IsZero():
					t.tell(s, s.Since.Sub(since))
					since = time.Time{}
				}
			case <-t.over:
				return
			}
		}
	})
}

func (t *teller) stop() {
	t.once.Do(func() { close(t.over) })
	t.group.Wait()
}
