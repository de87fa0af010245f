package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// prune removes runs that are too old, or too many of their kind, the oldest
// first. It leaves alone whatever runs, and whatever is no run. What cannot be
// removed is left for the next time.
func (s *Store) prune(store *os.Root, o *Options, now time.Time) {
	maxRuns, maxAge := o.MaxRuns, o.MaxAge
	if maxRuns <= 0 {
		maxRuns = DefaultMaxRuns
	}
	if maxAge <= 0 {
		maxAge = DefaultMaxAge
	}
	names, err := s.names()
	if err != nil {
		return
	}
	// What is too old its name says. Which kind a run is of only the disk does, of
	// hundreds of them, so that is asked for by one run in some.
	some := max(1, maxRuns/10)
	many := len(names) > maxRuns && len(names)%some == 0
	eldest := now.Add(-maxAge).UTC().Format(idTime)
	kept := make(map[Kind]int)
	for _, id := range names {
		old := id < eldest
		if !many && !old {
			continue
		}
		kind := KindRun
		if _, err := os.Lstat(filepath.Join(s.dir, id, logsDir)); err == nil {
			kind = KindApply
		}
		if kept[kind]++; old || kept[kind] > maxRuns {
			remove(store, id)
		}
	}
}

// names are those of all that may be runs, the newest first. It asks for nothing
// but the names: there are hundreds, and each run does so.
func (s *Store) names() ([]string, error) {
	dir, err := os.Open(s.dir)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, _, ok := parseID(name)
		return !ok
	})
	slices.Sort(names)
	slices.Reverse(names)
	return names, nil
}

// remove removes a run that has ended: none begins in a folder of an older one.
func remove(store *os.Root, id string) {
	if info, err := store.Lstat(id); err != nil || !info.IsDir() {
		return
	}
	f, err := store.Open(id + "/" + metaFile)
	if err != nil {
		return // it is no run
	}
	taken, err := locked(f)
	if err = errors.Join(err, f.Close()); taken || err != nil {
		return
	}
	_ = store.RemoveAll(id)
}
