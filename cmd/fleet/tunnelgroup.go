package main

import (
	"context"
	"errors"
	"slices"
	"sync"

	"fleet/pool/tunnel"
)

// A tunnelGroup is tunnels of several blocks in one process, each of which can be
// closed by itself. It is the set of all that are not.
type tunnelGroup struct {
	sets []namedSet

	mu     sync.Mutex // guards what follows
	closed map[string]bool
}

// A namedSet is the tunnels of one block.
type namedSet struct {
	name string
	*tunnel.Set
}

// newTunnelGroup binds what listens here, as tunnel.New does. Hosts that are tried at
// one time are shared out among the blocks.
func newTunnelGroup(cfg tunnel.Config, specs []tunnel.Spec) (*tunnelGroup, error) {
	var order []string
	byName := map[string][]tunnel.Spec{}
	for _, s := range specs {
		if byName[s.Name] == nil {
			order = append(order, s.Name)
		}
		byName[s.Name] = append(byName[s.Name], s)
	}
	cfg.Fanout = max(1, cfg.Fanout/max(1, len(order)))
	g := &tunnelGroup{closed: map[string]bool{}}
	var bad []error
	for _, name := range order {
		set, err := tunnel.New(cfg, byName[name])
		if err != nil {
			bad = append(bad, err)
			continue
		}
		g.sets = append(g.sets, namedSet{name, set})
	}
	if len(bad) > 0 {
		return nil, errors.Join(append(bad, g.Close())...)
	}
	return g, nil
}

// open are the blocks that nobody has closed.
func (g *tunnelGroup) open() []namedSet {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(g.sets), func(s namedSet) bool { return g.closed[s.name] })
}

// shut closes the tunnels of one block, and returns when they are: how many connections
// that cut, and whether none of another block is left. It is false for a
// block that is not open.
func (g *tunnelGroup) shut(name string) (cut int64, last, ok bool) {
	g.mu.Lock()
	at := slices.IndexFunc(g.sets, func(s namedSet) bool { return s.name == name && !g.closed[name] })
	g.closed[name] = true
	last = !slices.ContainsFunc(g.sets, func(s namedSet) bool { return !g.closed[s.name] })
	g.mu.Unlock()
	if at < 0 {
		return 0, last, false
	}
	for _, s := range g.sets[at].Status() {
		cut += s.Open
	}
	_ = g.sets[at].Close()
	return cut, last, true
}

// Start implements tunnelSet.
func (g *tunnelGroup) Start(ctx context.Context) {
	for _, s := range g.sets {
		s.Start(ctx)
	}
}

// Ready implements tunnelSet.
func (g *tunnelGroup) Ready(ctx context.Context) error {
	for _, s := range g.open() {
		if err := s.Ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Settled implements tunnelSet.
func (g *tunnelGroup) Settled(ctx context.Context) error {
	for _, s := range g.open() {
		if err := s.Settled(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Status implements tunnelSet: what is closed is not told of.
func (g *tunnelGroup) Status() []tunnel.Status {
	var list []tunnel.Status
	for _, s := range g.open() {
		list = append(list, s.Status()...)
	}
	return list
}

// Close implements tunnelSet.
func (g *tunnelGroup) Close() error {
	var work sync.WaitGroup
	for _, s := range g.sets {
		work.Go(func() { _ = s.Close() }) // it never fails
	}
	work.Wait()
	return nil
}
