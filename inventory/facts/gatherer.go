package facts

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"fleet/transport"
)

// A Config says how hosts are asked. Transport must be set.
type Config struct {
	Transport transport.Transport
	// Fanout is how many hosts are asked at one time. Default 64.
	Fanout int
	// Timeout is the time for an answer, from when the host was asked to run
	// the script; the time to connect is not in it. Default 10 s.
	Timeout time.Duration
}

// A Gatherer asks hosts for their facts, each once: also a host that could not
// be asked is not asked again, unless it was the caller who gave up.
type Gatherer struct {
	config Config

	mu    sync.Mutex
	hosts map[string]*question // by label of the target; guarded by mu
}

// A question is a host that is being asked, or was.
type question struct {
	done  chan struct{} // closed when facts and err are there
	facts cty.Value
	err   error
}

// New returns a Gatherer that has asked nobody yet.
func New(c Config) *Gatherer {
	if c.Fanout <= 0 {
		c.Fanout = 64
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	return &Gatherer{config: c, hosts: map[string]*question{}}
}

// Gather asks all targets that were not asked before, and returns the facts and
// the errors by the labels of the targets. Each is in one of the two.
func (g *Gatherer) Gather(ctx context.Context, targets []transport.Target) (map[string]cty.Value, map[string]error) {
	var (
		mu     sync.Mutex
		found  = make(map[string]cty.Value, len(targets)) // guarded by mu
		failed = map[string]error{}                       // guarded by mu
		group  errgroup.Group
	)
	group.SetLimit(g.config.Fanout)
	for _, t := range targets {
		group.Go(func() error {
			v, err := g.Host(ctx, t)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed[t.Label()] = err
			} else {
				found[t.Label()] = v
			}
			return nil
		})
	}
	_ = group.Wait() // a host that fails stops no other
	return found, failed
}

// Host returns the facts of t, an object of [Type].
func (g *Gatherer) Host(ctx context.Context, t transport.Target) (cty.Value, error) {
	return g.From(ctx, t, nil)
}

// From is Host for a caller with a place among the hosts at work, which is given
// up while the host is silent: see [transport.Command]. The caller has to enter it
// again where there is an error.
func (g *Gatherer) From(ctx context.Context, t transport.Target, place transport.Place) (cty.Value, error) {
	for {
		g.mu.Lock()
		q, asked := g.hosts[t.Label()]
		if !asked {
			q = &question{done: make(chan struct{})}
			g.hosts[t.Label()] = q
		}
		g.mu.Unlock()
		if !asked {
			return g.ask(ctx, t, q, place)
		}
		select {
		case <-q.done:
		case <-ctx.Done():
			return cty.NilVal, canceled(ctx, t)
		}
		// Who asked may have given up; then it is for the next one to ask.
		if transport.KindOf(q.err) != transport.KindCanceled {
			return q.facts, q.err
		}
		if ctx.Err() != nil {
			return cty.NilVal, canceled(ctx, t)
		}
	}
}

func canceled(ctx context.Context, t transport.Target) error {
	return &transport.Error{Op: "facts", Host: t.Label(), Kind: transport.KindCanceled, Err: context.Cause(ctx), Stopped: true}
}

// ask carries a question out and answers everybody who waits for it.
func (g *Gatherer) ask(ctx context.Context, t transport.Target, q *question, place transport.Place) (cty.Value, error) {
	defer close(q.done)
	q.facts, q.err = g.probe(ctx, t, place)
	if transport.KindOf(q.err) == transport.KindCanceled {
		g.mu.Lock()
		delete(g.hosts, t.Label())
		g.mu.Unlock()
	}
	return q.facts, q.err
}

// probe runs the script. Its exit status says nothing: what it printed counts.
func (g *Gatherer) probe(ctx context.Context, t transport.Target, place transport.Place) (cty.Value, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		out   bounded
		limit = g.config.Timeout
		mu    sync.Mutex
		timer *time.Timer // guarded by mu
	)
	started := func() {
		mu.Lock()
		defer mu.Unlock()
		timer = time.AfterFunc(limit, func() { cancel(&late{limit}) })
	}
	_, err := g.config.Transport.Run(ctx, t, &transport.Command{Script: probe, Stdout: &out, Started: started, Place: place, Grace: time.Second})
	mu.Lock()
	if timer != nil {
		timer.Stop()
	}
	mu.Unlock()
	if err != nil && !out.full {
		return cty.NilVal, err
	}
	return parse(string(out.text)), nil
}

// late is the cause when a host does not answer in time.
type late struct{ limit time.Duration }

func (l *late) Error() string { return fmt.Sprintf("no facts within %s", l.limit) }

// Is makes it a deadline to those who ask.
func (l *late) Is(target error) bool { return target == context.DeadlineExceeded }
