package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// stagedMode is the mode while it is gathered: a folder that its owner cannot write
// to could neither be filled nor moved, and the sum of a file that its owner cannot
// read could not be taken. A change of owner would take setuid bits away.
func (s *syncing) stagedMode(l *load) fs.FileMode {
	if l.kind == aFolder {
		return l.mode.Perm() | 0o700
	}
	return s.mode(l).Perm() | 0o400
}

// mode is the mode when it takes its place. Folders that are not for writing are
// closed when all else is done.
func (s *syncing) mode(l *load) fs.FileMode {
	switch {
	case l.kind == aFolder:
		return l.mode | 0o700
	case s.o.HasMode:
		return s.o.Mode & keptBits
	}
	return l.mode
}

// finalModes are the operations that make the modes of what is gathered and verified
// those that they are to have.
func (s *syncing) finalModes(loads []load) []op {
	var ops []op
	for i := range loads {
		l := &loads[i]
		if mode := s.mode(l); l.kind != aLink && mode != s.stagedMode(l) {
			ops = append(ops, op{what: chmod, path: s.staged(l.at), mode: mode})
		}
	}
	return ops
}

// attributes are the operations for modes and times of what tar has not made.
func (s *syncing) attributes(loads []load) []op {
	var ops []op
	for i := range loads {
		l := &loads[i]
		if l.kind == aLink {
			continue
		}
		ops = append(ops, op{what: chmod, path: s.staged(l.at), mode: s.stagedMode(l)})
		if l.kind == aFile {
			ops = append(ops, op{what: chtimes, path: s.staged(l.at), time: l.mtime})
		}
	}
	return ops
}

// ownership are the operations that give what is gathered the owner that was asked
// for or that the file had. Only root can keep the owner of a file that is replaced.
func (s *syncing) ownership(loads []load) []op {
	var ops []op
	root := s.r.facts.uid == "0"
	for i := range loads {
		l := &loads[i]
		if l.kind == aLink {
			continue
		}
		owner := op{what: chown, path: s.staged(l.at), uid: s.uid, gid: s.gid}
		if root && l.old.kind == l.kind {
			if owner.uid < 0 {
				owner.uid = l.old.uid
			}
			if owner.gid < 0 {
				owner.gid = l.old.gid
			}
		}
		if owner.uid >= 0 || owner.gid >= 0 {
			ops = append(ops, owner)
		}
	}
	return ops
}

// files are the paths of the files in the stage.
func (s *syncing) files(loads []load) []string {
	var paths []string
	for i := range loads {
		if loads[i].kind == aFile {
			paths = append(paths, s.staged(loads[i].at))
		}
	}
	return paths
}

// verify puts what is gathered on disk, and has the host take the sums of it.
func (s *syncing) verify(ctx context.Context, loads []load) error {
	paths := s.files(loads)
	if len(paths) == 0 {
		return nil
	}
	sums, err := s.settle(ctx, loads, paths)
	if err := errors.Join(err, s.localSums()); err != nil {
		return err
	}
	for i := range loads {
		l := &loads[i]
		if l.kind != aFile {
			continue
		}
		switch sum, ok := sums[s.staged(l.at)]; {
		case !ok:
			return fmt.Errorf("%q did not arrive on the host", under(s.root, l.path))
		case sum != s.sums[l.entry]:
			return fmt.Errorf("what arrived for %q on the host is not what %q held; hint: start again when nothing writes to it",
				under(s.root, l.path), s.tree.local(l.path))
		}
	}
	return nil
}
