package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// maxDiffs bounds the contents that are kept for all diffs of one Sync, in bytes.
const maxDiffs = 8 << 20

// diffs gathers what files hold before and after.
func (s *syncing) diffs(ctx context.Context, p *plan) error {
	room := int64(maxDiffs)
	add := func(path string, before info, after int) error {
		d, err := s.diff(ctx, path, before, after, &room)
		s.report.Diffs = append(s.report.Diffs, d)
		return err
	}
	for _, u := range p.units {
		for i := u.from; i < u.to; i++ {
			e := s.tree.entries[i]
			if e.kind != aFile {
				continue
			}
			var old info
			if i == u.from && u.old.kind == aFile {
				old = u.old
			}
			if err := add(e.path, old, i); err != nil {
				return err
			}
		}
	}
	for _, h := range p.remove {
		if h.kind == aFile {
			if err := add(h.path, h, -1); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(s.report.Diffs, func(a, b Diff) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// diff is that of the file at path: what it is on the host, if its kind is not 0, and
// entry after of the tree, if that is not -1.
func (s *syncing) diff(ctx context.Context, path string, before info, after int, room *int64) (Diff, error) {
	size := before.size
	if after >= 0 {
		size = max(size, s.tree.entries[after].size)
	}
	at := under(s.root, path)
	if size > maxDiff || size > *room {
		return omittedDiff(at, "too large"), nil
	}
	var was, is []byte
	if before.kind == aFile {
		content := memory{bytes: make([]byte, 0, before.size)}
		if _, err := s.r.sys.read(ctx, at, 0, before.size, &content); errors.Is(err, fs.ErrPermission) {
			return omittedDiff(at, "the old file cannot be read"), nil
		} else if err != nil {
			return Diff{}, err
		}
		was = content.bytes
	}
	if after >= 0 {
		f, err := s.tree.open(&s.tree.entries[after])
		if err != nil {
			return Diff{}, err
		}
		is = make([]byte, s.tree.entries[after].size)
		_, err = io.ReadFull(f, is)
		_ = f.Close() // it was open for reading alone
		if err != nil {
			return Diff{}, s.tree.unreadable(path, errChanged)
		}
	}
	*room -= int64(len(was) + len(is))
	return newDiff(at, was, is, false), nil
}
