package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// errClosed is what a closed Set answers.
var errClosed = fmt.Errorf("the tunnels are closed: %w", net.ErrClosed)

// A Set is forwards that are open together. Close ends it.
type Set struct {
	cfg     Config
	board   *board
	lines   []*line
	buffers buffers
	slots   chan struct{}    // places for first attempts; nil is no bound
	wall    func() time.Time // what the clock on the wall says, for tests to change

	work sync.WaitGroup // every goroutine; the first are started by Start
	done chan struct{}  // closed when Close has ended everything

	mu      sync.Mutex // guards what is below
	cancel  context.CancelCauseFunc
	closing bool
}

// New binds everything that listens here. Where that fails for one, nothing is
// bound, and the error names all that is wrong. Nothing is dialed before Start.
func New(cfg Config, specs []Spec) (*Set, error) {
	s := &Set{
		cfg: cfg, board: newBoard(&cfg), done: make(chan struct{}),
		wall: func() time.Time { return time.Now().Round(0) },
	}
	if cfg.Fanout > 0 {
		s.slots = make(chan struct{}, cfg.Fanout)
	}
	taken := make(addresses)
	var bad []error
	for i := range specs {
		if err := s.add(&specs[i], taken); err != nil {
			bad = append(bad, err)
		}
	}
	if len(bad) > 0 {
		_ = s.Close()
		return nil, errors.Join(bad...)
	}
	return s, nil
}

// add makes the lines of one host.
func (s *Set) add(spec *Spec, taken addresses) error {
	target := spec.reach()
	var shared *line
	var bad []error
	for _, rule := range spec.Rules {
		r := s.board.add(spec, rule)
		if err := spec.check(rule); err != nil {
			bad = append(bad, err)
			continue
		}
		if !rule.Kind.ListensHere() {
			l := newLine(s, target, spec.OnDown)
			l.rows = []*row{r}
			l.exit = &exit{set: s, target: target, row: r, rule: rule, listen: rule.Listen}
			s.lines = append(s.lines, l)
			continue
		}
		ln, err := taken.bind(spec.owner(), rule.Listen)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		if shared == nil {
			shared = newLine(s, target, spec.OnDown)
			s.lines = append(s.lines, shared)
		}
		r.status.Listen = ln.endpoint
		shared.rows = append(shared.rows, r)
		shared.entrances = append(shared.entrances, &entrance{set: s, line: shared, row: r, rule: rule, listener: ln})
	}
	return errors.Join(bad...)
}

// Start begins to connect and to accept. Everything ends with ctx, as by Close,
// which has to be called all the same. Only the first call does something.
func (s *Set) Start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.cancel != nil {
		return
	}
	ctx, s.cancel = context.WithCancelCause(ctx)
	for _, l := range s.lines {
		s.work.Go(func() { l.run(ctx) })
	}
	s.work.Go(func() { s.watchSleep(ctx) })
}

// Ready returns when all forwards are ready; with the reasons, when some have
// failed for good; or with ctx's cause.
func (s *Set) Ready(ctx context.Context) error { return s.board.wait(ctx, allReady) }

// Settled returns when the first attempt of every forward has had its outcome,
// whatever it is, or with ctx's cause.
func (s *Set) Settled(ctx context.Context) error { return s.board.wait(ctx, allSettled) }

// Status returns what is known about every forward, in the order of the specs and
// their rules.
func (s *Set) Status() []Status { return s.board.all() }

// Close ends every connection, every link and every listener, removes the sockets
// of this machine, and returns when nothing is left. It can be called at any time
// and any number of times.
func (s *Set) Close() error {
	s.mu.Lock()
	first := !s.closing
	s.closing = true
	cancel := s.cancel
	s.mu.Unlock()
	if !first {
		<-s.done
		return nil
	}
	if cancel != nil {
		cancel(errClosed)
	}
	for _, l := range s.lines {
		l.hangUp()
	}
	s.work.Wait()
	for _, r := range s.board.rows {
		r.closed()
	}
	close(s.done)
	return nil
}

// enter waits for a place to make a first attempt in; leave gives it up.
func (s *Set) enter(ctx context.Context) (leave func(), err error) {
	if s.slots == nil {
		return func() {}, nil
	}
	select {
	case s.slots <- struct{}{}:
		return sync.OnceFunc(func() { <-s.slots }), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
