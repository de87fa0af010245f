package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"fleet/inventory"
	"fleet/pool/transfer"
	"fleet/tasks"
	"fleet/transport"
)

// A turn is what a host has while its steps are looked at.
type turn struct {
	place   *place      // nil: it needs none
	remotes remotes     // its files
	exprs   *tasks.Host // of the task that is looked at; nil: nothing is known of the others
	open    bool        // a step before would be sent, or may be
	written []written   // what steps before would write
}

// A written is a path of a machine that a transfer would write, or what is in it.
type written struct{ machine, path string }

// changes notes that c would write on m.
func (t *turn) changes(m *machine, c *tasks.Call) {
	switch a := c.Action.(type) {
	case *tasks.Copy:
		t.written = append(t.written, written{m.name, path.Clean(a.Destination)})
	case *tasks.Sync:
		t.written = append(t.written, written{m.name, path.Clean(a.Destination)})
	}
}

// changed reports whether what c fetches from m is not yet what it will be by then.
func (t *turn) changed(m *machine, c *tasks.Call) bool {
	a, ok := c.Action.(*tasks.Fetch)
	if !ok {
		return false
	}
	source := path.Clean(a.Source)
	return slices.ContainsFunc(t.written, func(w written) bool {
		return w.machine == m.name && (w.path == source || within(w.path, source) || within(source, w.path))
	})
}

// within reports whether a path is below a folder.
func within(folder, name string) bool {
	return folder == "." && !path.IsAbs(name) || strings.HasPrefix(name, strings.TrimSuffix(folder, "/")+"/")
}

// rehearse finds out what a transfer would change. It only reads.
func (l *looking) rehearse(ctx context.Context, m *machine, host *inventory.Host, s *tasks.Step, c *tasks.Call, t *turn) verdict {
	if t.changed(m, c) {
		return verdict{Decision: KnownLater, Reason: "a step before it would change what is fetched"}
	}
	v := l.compare(ctx, m, host, s, c, t)
	if v.Decision == WillRun || v.Decision == KnownLater {
		t.changes(m, c)
	}
	return v
}

// compare looks at what there is now.
func (l *looking) compare(ctx context.Context, m *machine, host *inventory.Host, s *tasks.Step, c *tasks.Call, t *turn) verdict {
	file, single := c.Action.(*tasks.Copy)
	o := transfer.Options{DryRun: true, Diff: single && l.run.cfg.Diff}
	report, err := l.run.move(ctx, m, &t.remotes, s, c, o)
	var te *transport.Error
	switch {
	case errors.As(err, &te):
		if l.loses(m.name, err) {
			err = &unasked{m.name, err}
		}
		return l.problem(host, err)
	case err != nil && t.open: // without the error, which has paths of this host in it
		return verdict{Decision: KnownLater, Reason: "steps before it may make it possible"}
	case err != nil:
		return l.problem(host, err)
	case report.Changed():
		if single {
			asWritten(report, file.Destination)
		}
		return l.wouldMove(report)
	}
	r := new(tasks.Result)
	if t.exprs != nil {
		if err := t.exprs.Judge(s, c, r); err != nil || r.Failed || r.Changed {
			return verdict{Decision: WillRun, Reason: unchanged}
		}
	}
	return verdict{Decision: WillSkip, Reason: unchanged, result: r}
}

// unchanged is the reason why a transfer has nothing to do.
const unchanged = "unchanged"

// asWritten names the file in diffs by the destination that the user has given, so
// that hosts with other login folders have the same diff.
func asWritten(report *transfer.Report, destination string) {
	for i := range report.Diffs {
		d := &report.Diffs[i]
		name := path.Base(d.Path)
		if d.Path = destination; strings.HasSuffix(destination, "/") {
			d.Path += name
		}
	}
}

// wouldMove is the verdict on a transfer that would change something.
func (l *looking) wouldMove(report *transfer.Report) verdict {
	v := verdict{Decision: WillRun, moves: &moves{report.Files, report.Deleted, report.Total}}
	v.Reason = v.moves.String()
	for i := range report.Diffs {
		v.diffs = append(v.diffs, l.intern(bounded(report.Diffs[i].Unified())))
	}
	return v
}

// moves counts what transfers would change.
type moves struct{ files, deleted, total int }

// add counts another transfer in.
func (m *moves) add(other *moves) *moves {
	return &moves{m.files + other.files, m.deleted + other.deleted, m.total + other.total}
}

// String is "2 files would change, 1 path would be deleted". A path that is not a
// file with new content gets another mode, owner or time, or is a folder or link.
func (m *moves) String() string {
	var list []string
	if m.files > 0 {
		list = append(list, some(m.files, "file")+" would change")
	}
	if rest := m.total - m.files - m.deleted; rest > 0 && m.files == 0 {
		list = append(list, some(rest, "path")+" would be adjusted")
	}
	if m.deleted > 0 {
		list = append(list, some(m.deleted, "path")+" would be deleted")
	}
	return strings.Join(list, ", ")
}

// some is "1 file" or "2 files".
func some(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// maxDiff bounds the diff of one file in a preview, in bytes.
const maxDiff = 64 << 10

// bounded is the beginning of a text, in whole lines.
func bounded(text string) string {
	if len(text) <= maxDiff {
		return text
	}
	head, rest := text[:maxDiff], text[maxDiff:]
	if i := strings.LastIndexByte(head, '\n'); i >= 0 {
		head, rest = text[:i+1], text[i+1:]
	}
	lines := bytes.Count([]byte(rest), []byte{'\n'})
	return head + fmt.Sprintf("... and %s more\n", some(max(lines, 1), "line"))
}

// intern is text, of which all hosts share one copy.
func (l *looking) intern(text string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if have, ok := l.texts[text]; ok {
		return have
	}
	l.texts[text] = text
	return text
}

// A FileDiff is how the content of files changes on hosts, in the form of diff -u.
type FileDiff struct {
	Hosts []string // in selection order
	Text  string   // of one file or of several; at most about 64 KiB of each
}

// foldDiffs counts in that the files of host change like that.
func foldDiffs(list []FileDiff, host, text string) []FileDiff {
	for i := range list {
		if list[i].Text == text {
			list[i].Hosts = append(list[i].Hosts, host)
			return list
		}
	}
	return append(list, FileDiff{Hosts: []string{host}, Text: text})
}
