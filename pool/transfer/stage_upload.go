package transfer

import (
	"context"
	"io"
	"strings"
	"sync"
)

// wholeMax is up to which size files are read whole and sent many at a time, in
// bytes.
const wholeMax = 64 << 10

// upload gathers file by file, where the host has no tar, or runs no commands.
func (s *syncing) upload(ctx context.Context, loads []load) error {
	var small []load
	var links []op
	var folders [][]op // by depth
	for _, l := range loads {
		at := s.staged(l.at)
		switch l.kind {
		case aFolder:
			depth := strings.Count(l.at, "/")
			for len(folders) <= depth {
				folders = append(folders, nil)
			}
			folders[depth] = append(folders[depth], op{what: mkdir, path: at, mode: 0o700})
		case aLink:
			links = append(links, op{what: symlink, path: at, to: l.link})
		case aFile:
			if l.size <= wholeMax {
				small = append(small, l)
			}
		}
	}
	for _, ops := range append(folders, links) {
		if err := s.do(ctx, ops); err != nil {
			return err
		}
	}
	var counting sync.Mutex
	err := each(ctx, small, func(ctx context.Context, l load) error {
		if err := s.sendWhole(ctx, l); err != nil {
			return err
		}
		counting.Lock()
		defer counting.Unlock()
		s.moved(1, l.size)
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.sendLarge(ctx, larger(loads, wholeMax)); err != nil {
		return err
	}
	return s.do(ctx, s.attributes(loads))
}

// moved notes what the meter has been told of.
func (s *syncing) moved(files int, bytes int64) {
	s.sent.FilesDone += files
	s.sent.BytesDone += bytes
	s.report.Bytes += bytes
}

// do carries out ops, where there are any.
func (s *syncing) do(ctx context.Context, ops []op) error {
	if len(ops) == 0 {
		return nil
	}
	return s.r.sys.do(ctx, ops)
}

// sendWhole sends a small file by a few requests.
func (s *syncing) sendWhole(ctx context.Context, l load) error {
	f, err := s.tree.open(&l.info)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(io.LimitReader(f, l.size+1))
	_ = f.Close() // it was open for reading alone
	if err == nil && int64(len(content)) != l.size {
		err = errChanged
	}
	if err != nil {
		return s.tree.unreadable(l.path, err)
	}
	if err := s.r.sys.create(ctx, s.staged(l.at)); err != nil {
		return err
	}
	if err := s.r.send(ctx, NewSource(l.path, content, l.mode), s.staged(l.at), &s.o.Options); err != nil {
		return err
	}
	s.o.Meter.done(1, 0)
	return nil
}

// larger are the files that have more than size bytes.
func larger(loads []load, size int64) []load {
	var some []load
	for _, l := range loads {
		if l.kind == aFile && l.size > size {
			some = append(some, l)
		}
	}
	return some
}

// sendLarge sends one file after the other, each over as many sessions as the link
// asks for.
func (s *syncing) sendLarge(ctx context.Context, large []load) error {
	for _, l := range large {
		if err := s.r.sys.create(ctx, s.staged(l.at)); err != nil {
			return err
		}
		if err := s.sendOne(ctx, l); err != nil {
			return err
		}
		s.o.Meter.done(1, 0)
		s.moved(1, l.size)
	}
	return nil
}

func (s *syncing) sendOne(ctx context.Context, l load) error {
	src, release, err := s.tree.source(l.entry)
	if err != nil {
		return err
	}
	defer release()
	return s.r.send(ctx, src, s.staged(l.at), &s.o.Options)
}
