package transfer

import (
	"context"
	"maps"
	"strings"
)

// A guessing is a question for sums that was asked before it was known what is there.
type guessing struct {
	done chan struct{}
	sums map[string]Sum
	err  error
}

// guessed reports whether the sum of e is asked for before it is known whether the
// file is there and has the size for which its sum matters: where the host itself
// takes it, and soon.
func (s *syncing) guessed(e info) bool {
	const soon = 1 << 20
	return e.kind == aFile && e.size <= soon && s.r.commands && s.r.facts.sum != ""
}

// startGuess asks for the sums of what may be there, before it is known whether there
// is any of it: where there is none, the host says so at once. unguess has to be called.
func (s *syncing) startGuess(ctx context.Context) error {
	root, err := s.rootFor()
	if err != nil {
		return err
	}
	var paths []string
	for _, e := range s.tree.entries {
		if s.guessed(e) {
			paths = append(paths, e.path)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	g := &guessing{done: make(chan struct{})}
	s.guessing = g
	go func() { // ends with ctx
		defer close(g.done)
		g.sums, g.err = s.r.sumsIn(ctx, root, paths)
	}()
	return nil
}

// takeGuess waits for what startGuess has asked for.
func (s *syncing) takeGuess(ctx context.Context) error {
	g := s.guessing
	if g == nil {
		return nil
	}
	select {
	case <-g.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if g.err == nil {
		s.there = g.sums
	}
	return g.err
}

// unguess waits until nothing of the question is left.
func (s *syncing) unguess() {
	if s.guessing != nil {
		<-s.guessing.done
	}
}

// rootFor is where the tree goes, whether it is there or not.
func (s *syncing) rootFor() (string, error) {
	dest, err := s.dest()
	if err != nil || s.tree.name == "" {
		return dest, err
	}
	return under(dest, s.tree.name), nil
}

// dest is the destination on the host.
func (s *syncing) dest() (string, error) {
	dest, err := s.r.resolve(s.o.Destination)
	if err != nil {
		return "", err
	}
	if short := strings.TrimRight(dest, "/"); short != "" {
		return short, nil
	}
	return "/", nil
}

// rest asks for the sums of the other files, of those whose size is right.
func (s *syncing) rest(ctx context.Context) error {
	var paths []string
	for _, n := range candidates(s.tree.entries, s.have) {
		if e := s.tree.entries[n]; !s.guessed(e) {
			paths = append(paths, e.path)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	sums, err := s.r.sumsIn(ctx, s.root, paths)
	if s.there == nil {
		s.there = sums
	} else {
		maps.Copy(s.there, sums)
	}
	return err
}
