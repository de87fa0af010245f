package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"fleet/internal/term"
	"fleet/pool/transfer"
)

// A teller says what came of the transfers of a host, on its streams.
type teller struct {
	host           string
	stdout, stderr io.Writer
	dryRun         bool
	alike          bool // hosts are gathered: their names are left out of what may be the same
	each           bool // each path is named
	incomplete     bool // an error came in between
}

// outcome is how to tell of something that ended with err, or nil.
func (t *teller) outcome(err error) func(from, to string, n int64, r *transfer.Report) {
	if err != nil {
		return t.part
	}
	return t.item
}

// item says what became of one LOCAL or REMOTE, of n bytes where that is a file; -1
// is a folder, or several files.
func (t *teller) item(from, to string, n int64, r *transfer.Report) {
	var b strings.Builder
	if t.alike {
		r = asTyped(r, to)
	}
	what := t.tree(r)
	if n >= 0 {
		what = t.file(n, r)
	}
	if t.incomplete {
		what = "incomplete: " + what
	}
	fmt.Fprintf(&b, "%s -> %s: %s\n", term.Clean(from), term.Clean(to), what)
	if t.each {
		if n < 0 {
			t.changes(&b, r)
		}
		for _, backup := range r.Backups {
			fmt.Fprintf(&b, "  kept %s\n", term.Clean(backup))
		}
	}
	for i := range r.Diffs {
		if text := r.Diffs[i].Unified(); text != "" {
			b.WriteString(strings.TrimSuffix(text, "\n") + "\n")
		}
	}
	_, _ = io.WriteString(t.stdout, b.String()) // it never fails
	t.notes(r)
}

// part says what was done before an error ended it: nobody must take a host for
// untouched that is not. Of a single file the error says all.
func (t *teller) part(from, to string, n int64, r *transfer.Report) {
	if n >= 0 || !r.Changed() {
		t.notes(r)
		return
	}
	part := *t
	part.incomplete = true
	part.item(from, to, n, r)
}

// notes says what else there is to know.
func (t *teller) notes(r *transfer.Report) {
	for _, note := range r.Notes {
		fmt.Fprintf(t.stderr, "note: %s\n", term.Clean(note))
	}
}

// file says what became of one file.
func (t *teller) file(n int64, r *transfer.Report) string {
	if !r.Changed() {
		return "unchanged"
	}
	what := r.Changes[0].What
	text := string(what)
	if what == transfer.Adjusted {
		text = "mode, owner or time adjusted"
	} else {
		text += ", " + size(n)
	}
	if t.dryRun {
		text = "would be " + text
	}
	if len(r.Backups) > 0 {
		text += ", the old one kept"
	}
	return text
}

// tree says what became of a folder.
func (t *teller) tree(r *transfer.Report) string {
	if !r.Changed() {
		return "unchanged, " + plural(r.Unchanged, "file")
	}
	would, wouldBe := "", ""
	changed := "changed"
	if t.dryRun {
		would, wouldBe, changed = "would ", "would be ", "change"
	}
	var parts []string
	if n := r.Total - r.Deleted; n > 0 {
		parts = append(parts, fmt.Sprintf("%d %s%s", n, would, changed))
	}
	if r.Deleted > 0 {
		parts = append(parts, fmt.Sprintf("%d %sdeleted", r.Deleted, wouldBe))
	}
	parts = append(parts, fmt.Sprintf("%d unchanged", r.Unchanged))
	if r.Bytes > 0 {
		parts = append(parts, size(r.Bytes))
	}
	return strings.Join(parts, ", ")
}

// changes names each path, as far as it was kept.
func (t *teller) changes(b *strings.Builder, r *transfer.Report) {
	for _, c := range r.Changes {
		fmt.Fprintf(b, "  %s %s\n", t.verb(c.What), term.Clean(c.Path))
	}
	if n := r.Total - len(r.Changes); n > 0 {
		fmt.Fprintf(b, "  and %d more\n", n)
	}
}

// verb is what was done, or is to be.
func (t *teller) verb(w transfer.What) string {
	if !t.dryRun {
		return string(w)
	}
	if w == transfer.Adjusted {
		return "adjust"
	}
	return strings.TrimSuffix(string(w), "d") // created: create
}

// asTyped is r with its paths as the user gave them, from where it went on: hosts whose
// login folders differ, or folders here, have the same to say then.
func asTyped(r *transfer.Report, to string) *transfer.Report {
	typed := func(path *string) {
		if rest, ok := strings.CutPrefix(*path, r.Path); ok && r.Path != "" {
			*path = to + rest
		}
	}
	c := *r
	c.Changes, c.Backups, c.Diffs = slices.Clone(r.Changes), slices.Clone(r.Backups), slices.Clone(r.Diffs)
	for i := range c.Changes {
		typed(&c.Changes[i].Path)
	}
	for i := range c.Backups {
		typed(&c.Backups[i])
	}
	for i := range c.Diffs {
		typed(&c.Diffs[i].Path)
	}
	return &c
}

// shown is a path with the name of the host in it, as it is told: where hosts are
// gathered, the same for all of them.
func (t *teller) shown(template string) string {
	if t.alike {
		return template
	}
	return forHost(template, t.host)
}
