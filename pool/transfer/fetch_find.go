package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// What is accepted from a host where the caller sets no bound.
const (
	defaultMaxFiles = 1_000_000
	defaultMaxDepth = 100
	// maxPaths bounds the bytes of all paths, for the memory they take here.
	maxPaths = 256 << 20
)

// find looks at the items on the host, and at what is in them.
func (f *fetch) find(ctx context.Context, items []Item) error {
	skip, err := parseExclusions(f.o.Exclude)
	if err != nil {
		return err
	}
	s := &search{fetch: f, skip: skip, taken: map[string]*entry{}}
	if folds(f.into.path) {
		s.folded = map[string]string{}
	}
	for _, it := range items {
		if err := checkLocal(it.Local); err != nil {
			return err
		}
	}
	infos, err := f.look(ctx, items)
	if err != nil {
		return err
	}
	for i, it := range items {
		if err := s.item(ctx, i, it, infos[i]); err != nil {
			return err
		}
	}
	slices.SortStableFunc(f.entries, func(a, b *entry) int { return comparePaths(a.local, b.local) })
	return s.conflicts(items)
}

// comparePaths sorts folders before what is in them.
func comparePaths(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == ".":
		return -1
	case b == ".":
		return 1
	}
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}

// look asks for the state of the items, many at a time.
func (f *fetch) look(ctx context.Context, items []Item) ([]info, error) {
	infos := make([]info, len(items))
	errs := make([]error, len(items))
	delays := make([]time.Duration, len(items))
	var group errgroup.Group
	group.SetLimit(manyRequests)
	for i, it := range items {
		group.Go(func() error {
			began := time.Now()
			name, err := f.remote.resolve(it.Remote)
			if err == nil {
				infos[i], err = f.remote.sys.stat(ctx, name)
				infos[i].path = name
			}
			delays[i], errs[i] = time.Since(began), err
			return nil
		})
	}
	_ = group.Wait()
	if len(delays) > 0 {
		f.delay = slices.Min(delays)
	}
	return infos, errors.Join(errs...)
}

// A search goes through what the host tells of.
type search struct {
	*fetch
	skip   exclusions
	taken  map[string]*entry // all local paths so far
	folded map[string]string // and how they were written, where case does not count
	bytes  int64
	paths  int
}

func (s *search) item(ctx context.Context, n int, it Item, in info) error {
	top := &entry{item: n, info: in, remote: in.path, local: it.Local, top: true}
	switch {
	case in.kind == aSpecial:
		return fmt.Errorf("%q is neither a file nor a folder", it.Remote)
	case in.kind == aFile && strings.HasSuffix(it.Remote, "/"):
		return fmt.Errorf("%q is not a folder", it.Remote)
	case in.kind == aFile && it.Local == ".":
		return fmt.Errorf("%q is a file, and has to have a name here", it.Remote)
	}
	if err := s.accept(top, 0); err != nil || in.kind != aFolder {
		return err
	}
	var refused error // by visit
	err := s.remote.sys.walk(ctx, in.path, func(i info) error {
		e := &entry{item: n, info: i, remote: below(in.path, i.path), local: path.Join(it.Local, i.path), inTree: i.path}
		err := s.visit(e)
		if err != nil && !errors.Is(err, fs.SkipDir) {
			refused = err
		}
		return err
	})
	if err == nil || refused != nil || ctx.Err() != nil || unreachable(err) || errors.Is(err, errBadName) {
		return err
	}
	// Some folders could not be read; the rest is worth having.
	s.fail("", err)
	return nil
}

// visit takes one path of a walk, which is what the host says it is.
func (s *search) visit(e *entry) error {
	names := strings.Split(e.inTree, "/")
	for _, n := range names {
		if err := checkName(n); err != nil {
			return err
		}
	}
	switch in := s.taken[path.Dir(e.local)]; {
	case in == nil:
		return nil // in a folder that is left out, of a walk that has entered it
	case in.kind != aFolder:
		return fmt.Errorf("the host tells of %q, and what that is in is not a folder", e.remote)
	}
	if s.skip.match(e.inTree, e.kind == aFolder) {
		return leaveOut(e)
	}
	if err := canHold(names[len(names)-1]); err != nil {
		s.fail(e.local, fmt.Errorf("%q cannot be here: %w", e.remote, err))
		return leaveOut(e)
	}
	if e.kind == aSpecial {
		s.note("%s is left out: neither a file, a folder nor a link", e.remote)
	}
	return s.accept(e, len(names))
}

// leaveOut is what visit says about a path that is not wanted.
func leaveOut(e *entry) error {
	if e.kind == aFolder {
		return fs.SkipDir
	}
	return nil
}

// accept takes an entry within the bounds.
func (s *search) accept(e *entry, depth int) error {
	if was := s.taken[e.local]; was != nil && was.item == e.item {
		return fmt.Errorf("the host tells of %q twice", e.remote)
	} else if was != nil {
		return fmt.Errorf("%q and %q would both be %q here", was.remote, e.remote, s.into.full(e.local))
	}
	if s.folded != nil {
		if other, taken := s.folded[fold(e.local)]; taken {
			return fmt.Errorf("%q and %q would be one file here, where upper and lower case are the same", other, e.local)
		}
		s.folded[fold(e.local)] = e.local
	}
	s.taken[e.local] = e
	s.paths += len(e.local) + len(e.remote)
	if e.kind == aFile {
		if e.size < 0 {
			return fmt.Errorf("the host says that %q has %d bytes", e.remote, e.size)
		}
		s.bytes += e.size
	}
	files, levels := or(s.o.MaxFiles, defaultMaxFiles), or(s.o.MaxDepth, defaultMaxDepth)
	switch {
	case len(s.taken) > files:
		return fmt.Errorf("there are more than %d files and folders; nothing was fetched", files)
	case depth > levels:
		return fmt.Errorf("%q is more than %d folders deep; nothing was fetched", e.remote, levels)
	case s.paths > maxPaths:
		return errors.New("the paths alone are more than 256 MiB; nothing was fetched")
	case s.bytes < 0, s.o.MaxBytes > 0 && s.bytes > s.o.MaxBytes:
		return fmt.Errorf("there are more than %d bytes; nothing was fetched", s.o.MaxBytes)
	}
	if e.kind != aSpecial {
		s.entries = append(s.entries, e)
	}
	return nil
}

// conflicts finds items that are in each other's way, and the folders above them.
func (s *search) conflicts(items []Item) error {
	for _, it := range items {
		for _, d := range above(it.Local) {
			switch was := s.taken[d]; {
			case was != nil && was.kind != aFolder:
				return fmt.Errorf("%q and %q would both be %q here", was.remote, it.Remote, s.into.full(d))
			case was == nil:
				s.taken[d] = &entry{info: info{kind: aFolder}}
				s.tops = append(s.tops, d)
			}
		}
	}
	slices.SortFunc(s.tops, comparePaths)
	return nil
}

func or(n, standard int) int {
	if n > 0 {
		return n
	}
	return standard
}
