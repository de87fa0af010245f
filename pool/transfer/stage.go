package transfer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stageMark begins the names of folders in which trees are gathered.
const stageMark = ".fleet-"

// ours reports whether name is one that stageName gives.
func ours(name string) bool {
	id, ok := strings.CutPrefix(name, stageMark)
	_, err := hex.DecodeString(id)
	return ok && err == nil && len(id) == 16
}

func stageName() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return stageMark + hex.EncodeToString(id[:])
}

// cleanUp is how long what is left behind may take to be removed.
const cleanUp = 10 * time.Second

// makeStage makes the folder in which what travels is gathered: in the root, or
// beside it where it is not there yet, so that renames stay within one file system.
// Nobody else may look into it.
func (s *syncing) makeStage(ctx context.Context, p *plan) error {
	in := s.root
	if u := p.units[0]; s.tree.entries[u.from].path == "" {
		in = s.folder
	}
	stage := under(in, stageName())
	// It is to be removed even where the answer gets lost.
	s.stage = stage
	err := s.r.sys.do(ctx, []op{{what: mkdir, path: stage, mode: 0o700}})
	return missing(err)
}

// missing tells what to do about a folder that is not there.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; hint: the folder above the destination has to be there", err)
	}
	return err
}

// A load is one entry on its way.
type load struct {
	info
	entry int    // of the tree
	at    string // within the stage: the number of its unit, and its path within that
	old   info   // what its unit takes the place of, if it is all of it
}

// loads are all entries that travel, folders before what is in them.
func (s *syncing) loads(p *plan) []load {
	var all []load
	for n, u := range p.units {
		top := s.tree.entries[u.from].path
		for i, e := range s.tree.entries[u.from:u.to] {
			l := load{info: e, entry: u.from + i, at: strconv.Itoa(n)}
			if i == 0 {
				l.old = u.old
			} else {
				l.at += "/" + strings.TrimPrefix(strings.TrimPrefix(e.path, top), "/")
			}
			all = append(all, l)
		}
	}
	return all
}

// staged is where l, or a unit by its number, is gathered on the host.
func (s *syncing) staged(at string) string { return under(s.stage, at) }

// gather brings what travels into the stage, gives it its owner, verifies what is then
// on disk, and gives it its mode.
func (s *syncing) gather(ctx context.Context, p *plan) error {
	if err := s.makeStage(ctx, p); err != nil {
		return err
	}
	s.onDisk = nil
	loads, gather := s.loads(p), s.upload
	if s.r.commands && s.r.facts.tar {
		gather = s.unpack
	}
	if err := gather(ctx, loads); err != nil {
		return err
	}
	if err := s.do(ctx, s.ownership(loads)); err != nil {
		return err
	}
	if err := s.verify(ctx, loads); err != nil {
		return err
	}
	return s.do(ctx, s.finalModes(loads))
}

// discard removes the stage, also where ctx has ended.
func (s *syncing) discard(ctx context.Context) error {
	if s.stage == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	if err := s.putBack(ctx); err != nil {
		return err
	}
	if err := s.r.removeAll(ctx, s.stage); err != nil {
		return fmt.Errorf("%q is left on the host, and may be removed: %w", s.stage, err)
	}
	s.stage = ""
	return nil
}

// removeAll removes the folder at dir with all that is in it, and is content where
// there is none.
func (r *Remote) removeAll(ctx context.Context, dir string) error {
	err := r.sys.do(ctx, []op{{what: rmdir, path: dir}})
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if r.commands {
		status, said, err := r.run(ctx, removeScript, []string{dir}, nil, nil)
		if err != nil || status.OK() {
			return err
		}
		return fmt.Errorf("remove %q: %s", dir, said)
	}
	var all []info
	err = r.sys.walk(ctx, dir, func(e info) error {
		e.path = under(dir, e.path)
		all = append(all, e)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a read-only file system says that first, whatever is there
	}
	if err != nil {
		return err
	}
	return r.removeInfos(ctx, append(all, info{path: dir, kind: aFolder}))
}

// A folder may be one that even its owner may not change.
const removeScript = `rm -rf "$1" 2>/dev/null || { chmod -R u+rwx "$1"; rm -rf "$1"; }`

// removeInfos removes files, and then folders, those that are deepest first.
func (r *Remote) removeInfos(ctx context.Context, all []info) error {
	var files []op
	folders := make(map[int][]op) // by depth
	for _, e := range all {
		if e.kind != aFolder {
			files = append(files, op{what: remove, path: e.path})
			continue
		}
		depth := strings.Count(path.Clean(e.path), "/")
		folders[depth] = append(folders[depth], op{what: rmdir, path: e.path})
	}
	if len(files) > 0 {
		if err := r.sys.do(ctx, files); err != nil {
			return err
		}
	}
	var depths []int
	for depth := range folders {
		depths = append(depths, depth)
	}
	slices.Sort(depths)
	for _, depth := range slices.Backward(depths) {
		if err := r.sys.do(ctx, folders[depth]); err != nil {
			return err
		}
	}
	return nil
}

// temporary reports whether name is that of a file which is being sent.
func temporary(name string) bool {
	at := strings.LastIndex(name, stageMark)
	if at < 1 || name[0] != '.' {
		return false
	}
	tag, end, ok := strings.Cut(name[at+len(stageMark):], "-")
	return ok && isHex(tag) && isHex(end)
}
