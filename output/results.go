package output

import (
	"errors"
	"fmt"
	"sync"

	"fleet/event"
)

// Reasons to stop reading gathered output that are nobody's mistake.
var (
	errGone   = errors.New("standard output failed") // and that was reported
	errEnough = errors.New("read enough")
)

// results gathers what each host printed and how it ended, for the renderers
// that print at the end.
type results struct {
	store *store
	// Roots of the two streams' trees.
	out, err node

	mu    sync.Mutex
	hosts map[string]*result
	order []*result // selection order

	tasks taskResults
}

// A result is one host's.
type result struct {
	host string

	// mu keeps a host's writes in order; it is held while they are stored,
	// and nobody else waits for it.
	mu       sync.Mutex
	out, err cursor
	started  bool
	end      *event.Event // nil until it ended
}

func newResults(cfg *Config) *results {
	return &results{store: newStore(&room{limit: cfg.Memory}, cfg.TempDir), hosts: make(map[string]*result)}
}

// take takes note of e. The error is the store's, the first time it fails.
func (r *results) take(e *event.Event) error {
	if e.Task != "" {
		return r.tasks.take(e, r.store)
	}
	switch e.Type {
	case event.RunStart:
		for _, name := range e.Hosts {
			r.host(name)
		}
	case event.HostStart:
		h := r.host(e.Host)
		h.mu.Lock()
		h.started = true
		h.mu.Unlock()
	case event.Output:
		h := r.host(e.Host)
		h.mu.Lock()
		defer h.mu.Unlock()
		c := &h.out
		if e.Stream == event.Stderr {
			c = &h.err
		}
		return r.store.write(c, e.Data)
	case event.HostEnd:
		h := r.host(e.Host)
		end := *e
		h.mu.Lock()
		h.end = &end
		h.mu.Unlock()
	}
	return nil
}

func (r *results) host(name string) *result {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hosts[name]
	if h == nil {
		h = &result{host: name, out: cursor{node: &r.out}, err: cursor{node: &r.err}}
		r.hosts[name] = h
		r.order = append(r.order, h)
	}
	return h
}

// all seals the store and returns every host's result in selection order.
// Hosts whose end was never told get one that says so.
func (r *results) all() []*result {
	r.store.seal()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.order {
		h.mu.Lock()
		if h.end == nil {
			h.end = &event.Event{Type: event.HostEnd, Host: h.host, Outcome: event.NotAttempted, Status: -1}
			if h.started {
				h.end.Outcome = event.Unknown
			}
		}
		h.mu.Unlock()
	}
	return r.order
}

// collector is the part common to the renderers that print at the end.
type collector struct {
	pages
	results *results
	once    sync.Once
	// show prints all results. It is called once, when the run or the
	// renderer ends.
	show func(results []*result, end *event.Event) error
}

func newCollector(cfg Config) *collector {
	c := newCore(cfg)
	r := newResults(&c.cfg)
	return &collector{pages: pages{core: c, store: r.store}, results: r}
}

// Emit is part of event.Sink.
func (c *collector) Emit(e *event.Event) {
	if c.screen.gone.Load() {
		return
	}
	c.observe(e)
	if err := c.results.take(e); err != nil {
		c.screen.fail(err)
	}
	if e.Type == event.RunEnd {
		c.finish(e)
	}
}

func (c *collector) finish(end *event.Event) {
	c.once.Do(func() {
		c.stopLive()
		if err := c.show(c.results.all(), end); err != nil && !c.screen.gone.Load() {
			c.screen.fail(fmt.Errorf("print results: %w", err))
		}
		if err := c.results.store.spill.close(); err != nil {
			c.screen.fail(fmt.Errorf("close gathered output: %w", err))
		}
		c.end(end, false)
	})
}

// Close is part of Renderer.
func (c *collector) Close() error {
	c.finish(nil)
	return c.close()
}
