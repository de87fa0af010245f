package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"fleet/transport"
)

// carryOut does what the plan says, and reports what of it was done.
func (s *syncing) carryOut(ctx context.Context, p *plan) (err error) {
	if s.makes {
		if err := s.r.sys.do(ctx, []op{{what: mkdir, path: s.folder, mode: 0o755}}); err != nil {
			return fmt.Errorf("make the destination: %w", missing(err))
		}
		s.makes = false
		s.made = []Change{{Path: s.folder, What: Created}}
		s.changed(s.made[0])
	}
	defer func() { err = errors.Join(err, s.discard(ctx)) }()
	if len(p.units) > 0 {
		if err := s.gather(ctx, p); err != nil {
			return err
		}
	}
	unlock, relock := s.locks(p)
	if err := s.do(ctx, unlock); err != nil {
		return err
	}
	err = s.place(ctx, p)
	if err == nil {
		err = s.remove(ctx, p)
	}
	if err == nil {
		err = s.discard(ctx) // before the times of folders, which it changes
	}
	if err != nil {
		_ = s.putBack(ctx) // while folders are unlocked; discard tells where it cannot
		return errors.Join(err, s.do(context.WithoutCancel(ctx), relock))
	}
	s.tidy(ctx)
	return s.finish(ctx, p, relock)
}

// place puts everything that is gathered where it belongs, and sets the attributes
// of what is there already.
func (s *syncing) place(ctx context.Context, p *plan) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	var aside, back, in []op
	for n, u := range p.units {
		at := under(s.root, s.tree.entries[u.from].path)
		if u.aside {
			old := s.staged(asideMark + strconv.Itoa(n))
			aside = append(aside, op{what: rename, path: at, to: old})
			back = append(back, op{what: rename, path: old, to: at})
		}
		in = append(in, op{what: rename, path: s.staged(strconv.Itoa(n)), to: at})
	}
	if err := s.exchange(ctx, p, aside, back, in); err != nil {
		return err
	}
	s.report.Files += p.files
	s.changedAll(p.changes, func(w What) bool { return w != Deleted && w != Adjusted })
	files, _ := s.adjustments(p)
	return s.do(ctx, files)
}

// exchange moves away what is in the way, and the new in its place. It is not stopped in
// the middle.
func (s *syncing) exchange(ctx context.Context, p *plan, aside, back, in []op) error {
	ctx, done := outlast(ctx)
	defer done()
	s.first, s.back = p, back
	err := s.do(ctx, aside)
	if err == nil {
		err = s.do(ctx, in)
	}
	if err == nil {
		s.back = nil
		return nil
	}
	if errors.Is(err, errNoReason) {
		err = fmt.Errorf("%w (hint: a folder in the destination may be another file system: sync to that one by itself)", err)
	}
	return err // discard moves back what is to go back
}

// locks are the operations that let the owner change what is in folders that are not
// for writing, and those that set their modes again.
func (s *syncing) locks(p *plan) (unlock, relock []op) {
	for _, i := range p.folders {
		h, there := s.have[s.tree.entries[i].path]
		if there && h.kind == aFolder && h.mode&0o700 != 0o700 {
			at := under(s.root, h.path)
			unlock = append(unlock, op{what: chmod, path: at, mode: h.mode | 0o700})
			relock = append(relock, op{what: chmod, path: at, mode: h.mode})
		}
	}
	return unlock, relock
}

// finish sets what comes last, since what is done in a folder needs or changes it:
// the modes and times of folders.
func (s *syncing) finish(ctx context.Context, p *plan, relock []op) error {
	_, ops := s.adjustments(p)
	for _, o := range relock {
		set := func(a op) bool { return a.what == chmod && a.path == o.path }
		if !slices.ContainsFunc(ops, set) {
			ops = append(ops, o)
		}
	}
	for _, i := range p.folders {
		e := s.tree.entries[i]
		at := under(s.root, e.path)
		if s.have[e.path].kind != aFolder && e.mode&0o700 != 0o700 {
			ops = append(ops, op{what: chmod, path: at, mode: e.mode})
		}
		ops = append(ops, op{what: chtimes, path: at, time: e.mtime})
	}
	for _, some := range lockedLast(ops) {
		if err := s.do(ctx, some); err != nil {
			return err
		}
	}
	s.changedAll(p.changes, func(w What) bool { return w == Adjusted })
	return nil
}

// lockedLast divides ops into those that can be done side by side: modes that lock
// the owner out of a folder come after all that is done in it.
func lockedLast(ops []op) [][]op {
	byDepth := make(map[int][]op)
	for _, o := range ops {
		depth := math.MaxInt
		if o.what == chmod && o.mode&0o100 == 0 {
			depth = strings.Count(o.path, "/")
		}
		byDepth[depth] = append(byDepth[depth], o)
	}
	var all [][]op
	for _, depth := range slices.Backward(slices.Sorted(maps.Keys(byDepth))) {
		all = append(all, byDepth[depth])
	}
	return all
}

// adjustments are what is done in place, with paths on the host.
func (s *syncing) adjustments(p *plan) (files, folders []op) {
	for _, o := range p.adjust {
		of := &files
		if s.have[o.path].kind == aFolder {
			of = &folders
		}
		o.path = under(s.root, o.path)
		*of = append(*of, o)
	}
	return files, folders
}

// remove deletes what is not in the source, and reports what is gone also where it
// fails.
func (s *syncing) remove(ctx context.Context, p *plan) error {
	err := s.r.removeInfos(ctx, s.absolute(p.remove))
	if err == nil {
		s.changedAll(p.changes, func(w What) bool { return w == Deleted })
	}
	if err == nil || transport.KindOf(err) == transport.KindLost {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	var counting sync.Mutex // guards gone
	gone := make(map[string]bool)
	_ = each(ctx, p.remove, func(ctx context.Context, e info) error {
		if _, err := s.r.sys.lstat(ctx, under(s.root, e.path)); errors.Is(err, fs.ErrNotExist) {
			counting.Lock()
			defer counting.Unlock()
			gone[e.path] = true
		}
		return nil
	})
	for _, c := range p.changes {
		if c.What == Deleted && gone[c.Path] {
			s.changed(Change{Path: under(s.root, c.Path), What: Deleted})
		}
	}
	return err
}

func (s *syncing) absolute(all []info) []info {
	there := slices.Clone(all)
	for i := range there {
		there[i].path = under(s.root, there[i].path)
	}
	return there
}
