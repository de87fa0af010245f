package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// maxThere is how many entries a destination may have: what a host tells of has to
// have an end.
const maxThere = 5_000_000

// staleAfter is how old something has to be that a transfer left behind, to be sure
// that no transfer needs it any more.
const staleAfter = 24 * time.Hour

// look finds the destination and what is in it.
func (s *syncing) look(ctx context.Context) error {
	if err := s.owners(ctx); err != nil {
		return err
	}
	if err := s.startGuess(ctx); err != nil {
		return err
	}
	at, there, err := s.locate(ctx)
	if err != nil {
		return err
	}
	s.have, s.there = make(map[string]info), nil
	if !there {
		return nil
	}
	at.path = ""
	s.have[""] = at
	if at.kind != aFolder {
		return nil
	}
	// Both take a few round trips, so they go side by side.
	both, work := errgroup.WithContext(ctx)
	both.Go(func() error { return s.list(work) })
	both.Go(func() error { return s.takeGuess(work) })
	if err := both.Wait(); err != nil {
		return err
	}
	return s.rest(ctx)
}

func (s *syncing) owners(ctx context.Context) (err error) {
	s.uid, s.gid = -1, -1
	if s.o.Owner != "" {
		if s.uid, err = s.r.owner(ctx, s.o.Owner); err != nil {
			return err
		}
	}
	if s.o.Group != "" {
		s.gid, err = s.r.group(ctx, s.o.Group)
	}
	return err
}

// locate settles where the tree goes, as rsync does: into the destination by its
// name, or to be the destination itself. The destination may be a link to a folder;
// what is in it may not.
func (s *syncing) locate(ctx context.Context) (at info, there bool, err error) {
	dest, err := s.dest()
	if err != nil {
		return info{}, false, err
	}
	at, err = s.r.sys.stat(ctx, dest)
	there = err == nil
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if link, err := s.r.sys.lstat(ctx, dest); err == nil && link.kind == aLink {
			return info{}, false, fmt.Errorf("the destination %q is a link to %q, which is not there", dest, link.link)
		}
	case err != nil:
		return info{}, false, err
	case at.kind != aFolder:
		return info{}, false, fmt.Errorf("the destination %q is a %s, not a folder", dest, at.kind)
	}
	if s.tree.name == "" {
		s.root, s.folder = dest, path.Dir(dest)
		if !s.second || !there { // else this very transfer may have made it
			s.keepRoot = there
		}
		return at, there, nil
	}
	s.root, s.folder, s.makes = under(dest, s.tree.name), dest, !there
	if !there {
		return info{}, false, nil
	}
	at, err = s.r.sys.lstat(ctx, s.root)
	if errors.Is(err, fs.ErrNotExist) {
		return info{}, false, nil
	}
	return at, err == nil, err
}

// list adds what is below the root.
func (s *syncing) list(ctx context.Context) error {
	wanted := make(map[string]bool, len(s.tree.entries))
	for _, e := range s.tree.entries {
		wanted[e.path] = true
	}
	s.leftover = nil
	return s.r.sys.walk(ctx, s.root, func(e info) error {
		if ours(e.path) && e.kind == aFolder && !wanted[e.path] {
			if time.Since(e.mtime) > staleAfter {
				s.leftover = append(s.leftover, under(s.root, e.path))
			}
			return fs.SkipDir
		}
		if stray, _, inOurs := strings.Cut(e.path, "/"); inOurs && ours(stray) && !wanted[stray] {
			return nil // told nevertheless
		}
		if temporary(path.Base(e.path)) && !wanted[e.path] && time.Since(e.mtime) <= staleAfter {
			return nil // another transfer is at work
		}
		if len(s.have) == maxThere {
			return fmt.Errorf("%q holds more than %d files and folders on the host", s.root, maxThere)
		}
		s.have[e.path] = e
		excluded := s.tree.exclude.match(e.path, e.kind == aFolder)
		if e.kind == aFolder && (excluded || !s.o.Delete && !wanted[e.path]) {
			return fs.SkipDir // nothing in it will be changed
		}
		return nil
	})
}
