package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// asideMark begins the names in a stage of what was in the way of the new.
const asideMark = "old-"

// putBack moves back what was in the way of the new, unless that is in its place. An
// error says where it is then.
func (s *syncing) putBack(ctx context.Context) error {
	if len(s.back) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	if s.r.sys.do(ctx, s.back) != nil {
		// Some were never moved away; and what is new is of another kind, so that
		// nothing old can take its place.
		for _, o := range s.back {
			if err := s.isBack(ctx, o); err != nil {
				return fmt.Errorf("%q on the host may hold what was at %q; hint: move it back: %w", o.path, o.to, err)
			}
		}
	}
	s.back = nil
	return nil
}

// isBack is an error where what o moves back is the only one there is, or may be.
func (s *syncing) isBack(ctx context.Context, o op) error {
	_, err := s.r.sys.lstat(ctx, o.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = s.r.sys.lstat(ctx, o.to)
	}
	return err
}

// tidy removes what transfers have left that broke off, unless it may hold the only one
// of something.
func (s *syncing) tidy(ctx context.Context) {
	for _, old := range s.leftover {
		only := ""
		err := s.r.sys.walk(ctx, old, func(e info) error {
			if strings.HasPrefix(e.path, asideMark) && only == "" {
				only = under(old, e.path)
			}
			if e.kind == aFolder {
				return fs.SkipDir
			}
			return nil
		})
		switch {
		case err != nil:
		case only != "":
			s.report.Notes = append(s.report.Notes, fmt.Sprintf("%q holds what was here before a transfer that broke off: remove it where it is not needed", only))
		case s.r.removeAll(ctx, old) == nil:
			s.report.Notes = append(s.report.Notes, fmt.Sprintf("%q, which a transfer had left that broke off, is removed", old))
		}
	}
}
