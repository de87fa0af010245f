package tasks

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Source is a file or folder of this machine that steps of a plan copy.
type Source struct {
	Path    string // as seen from the working folder
	Folder  bool
	Exclude []string // of a folder, in the syntax of gitignore
}

// Sources are what steps of the plan copy, as far as it is known and there before
// the first host is asked, sorted. Templates are not among them: they are among the inputs
// of the inventory, as they are read when the plan is made.
func (p *Plan) Sources() []Source { return p.sources }

// sources collects what steps copy.
type sources struct {
	mu    sync.Mutex
	found map[string]Source // by path and exclusions; guarded by mu
}

func (s *sources) add(one Source) {
	key := one.Path + "\x00" + strings.Join(one.Exclude, "\x00")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found == nil {
		s.found = map[string]Source{}
	}
	s.found[key] = one
}

func (s *sources) list() []Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.found), func(a, b Source) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), slices.Compare(a.Exclude, b.Exclude))
	})
}
