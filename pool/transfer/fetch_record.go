package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// What a report tells of at most; the rest is counted.
const (
	maxNotes  = 50
	maxErrors = 20
)

// records gather what becomes of the paths of a fetch. Their methods are safe for
// concurrent use.
type records struct {
	into *Folder

	mu      sync.Mutex
	rep     Report
	changes map[string]What // by local path
	diffs   []Diff
	notes   int
	failed  map[string]bool // by local path; what is in a failed folder is lost
	errs    []error
	more    int
}

// changed notes what happened to a path, the first time that something did: the
// mode of a new folder is no news.
func (r *records) changed(name string, what What, content bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changes == nil {
		r.changes = map[string]What{}
	}
	if _, told := r.changes[name]; told {
		return
	}
	r.changes[name] = what
	if content {
		r.rep.Files++
	}
}

func (r *records) unchanged() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rep.Unchanged++
}

func (r *records) traveled(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rep.Bytes += bytes
}

func (r *records) differs(d Diff) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.diffs = append(r.diffs, d)
}

func (r *records) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.notes++; r.notes <= maxNotes {
		r.rep.Notes = append(r.rep.Notes, fmt.Sprintf(format, args...))
	}
}

// fail notes that a path cannot be had.
func (r *records) fail(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = map[string]bool{}
	}
	r.failed[name] = true
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, err)
	} else {
		r.more++
	}
}

// lost tells whether a path, or a folder above it, has failed.
func (r *records) lost(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.failed) == 0 {
		return false
	}
	if r.failed[name] || r.failed["."] {
		return true
	}
	return slices.ContainsFunc(above(name), func(d string) bool { return r.failed[d] })
}

// err is what has failed, nil where nothing did.
func (r *records) err(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.more > 0 {
		return errors.Join(append(slices.Clone(r.errs), fmt.Errorf("and %d more", r.more))...)
	}
	return errors.Join(r.errs...)
}

// report is the Report; nothing is noted after it.
func (r *records) report() *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, 0, len(r.changes))
	for name := range r.changes {
		names = append(names, name)
	}
	slices.SortFunc(names, comparePaths)
	r.rep.Total = len(names)
	for _, name := range names[:min(len(names), MaxChanges)] {
		r.rep.Changes = append(r.rep.Changes, Change{Path: r.into.full(name), What: r.changes[name]})
	}
	slices.SortFunc(r.diffs, func(a, b Diff) int { return comparePaths(a.Path, b.Path) })
	r.rep.Diffs = r.diffs
	if more := r.notes - maxNotes; more > 0 {
		r.rep.Notes = append(r.rep.Notes, fmt.Sprintf("and %d more that are left out", more))
	}
	return &r.rep
}
