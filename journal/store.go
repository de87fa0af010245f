package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// A Store is a folder of runs. It need not exist before there is one.
type Store struct {
	dir string
	// open makes the file of events; tests put one in its place that fails.
	open func(run *os.Root, name string) (file, error)
}

// Open is the store in dir.
func Open(dir string) *Store { return &Store{dir: dir, open: create} }

// ids are those of all that may be runs, the newest first.
func (s *Store) ids() ([]string, error) {
	names, err := s.names()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("read", s.dir, err)
	}
	return names, nil
}

// List is all runs, the newest first. What cannot be read is left out, and named
// in the error that comes with the others; folders that are not runs are passed
// over.
func (s *Store) List() ([]Run, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	var (
		runs []Run
		bad  []error
	)
	for _, id := range ids {
		r, err := s.run(id)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it begins, or is being removed
		case err != nil:
			bad = append(bad, err)
		default:
			runs = append(runs, *r)
		}
	}
	return runs, errors.Join(bad...)
}

// maxNamed is how many runs an error names.
const maxNamed = 5

// Find is the run of that ID, of which the beginning will do, or that of its
// last part. "" is the newest run.
func (s *Store) Find(id string) (*Run, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	if id == "" {
		for _, id := range ids {
			if r, err := s.run(id); !errors.Is(err, fs.ErrNotExist) {
				return r, err
			}
		}
		return nil, errors.New("no run was recorded by now")
	}
	found := matching(ids, id)
	switch {
	case len(found) == 1:
		return s.run(found[0])
	case len(found) == 0 && len(ids) == 0:
		return nil, fmt.Errorf("there is no run %q: none was recorded by now", id)
	case len(found) == 0:
		return nil, fmt.Errorf("there is no run %q; the last ones are %s", id, some(ids))
	default:
		return nil, fmt.Errorf("%q may be one of %d runs: %s", id, len(found), some(found))
	}
}

// matching are the IDs that begin with part, or whose last part does.
func matching(ids []string, part string) []string {
	var found []string
	for _, id := range ids {
		if strings.HasPrefix(id, part) {
			found = append(found, id)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, id := range ids {
		if _, random, _ := parseID(id); strings.HasPrefix(random, part) {
			found = append(found, id)
		}
	}
	return found
}

// some names the first of ids.
func some(ids []string) string {
	if len(ids) > maxNamed {
		return strings.Join(ids[:maxNamed], ", ") + ", ..."
	}
	return strings.Join(ids, ", ")
}
