package main

import (
	"fmt"
	"io"
	"strings"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/runner"
)

// A plannedDiff is how a step would change files on hosts.
type plannedDiff struct {
	Hosts []string `json:"hosts"`
	Diff  string   `json:"diff"` // as of diff -u
}

func plannedDiffs(list []runner.FileDiff) []plannedDiff {
	var out []plannedDiff
	for _, d := range list {
		out = append(out, plannedDiff{d.Hosts, d.Text})
	}
	return out
}

// What is shown of diffs to people: how many that differ, of hosts that have one
// fate, and how many lines of each.
const (
	mostDiffs     = 4
	mostDiffLines = 60
)

// printDiffs shows how files change, each line after the indent.
func (f *plannedFate) printDiffs(w io.Writer, indent string) {
	for _, d := range f.Diffs[:min(mostDiffs, len(f.Diffs))] {
		if len(d.Hosts) < len(f.Hosts) {
			fmt.Fprintf(w, "%son %s:\n", indent, term.Clean(nodeset.Fold(d.Hosts)))
		}
		n := 0
		for line := range strings.Lines(d.Diff) {
			if n++; n <= mostDiffLines {
				fmt.Fprintf(w, "%s%s\n", indent, term.Clean(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")))
			}
		}
		if rest := n - mostDiffLines; rest > 0 {
			fmt.Fprintf(w, "%s... and %s more\n", indent, plural(rest, "line"))
		}
	}
	if rest := len(f.Diffs) - mostDiffs; rest > 0 {
		fmt.Fprintf(w, "%sand %s more that differ: --format json has all\n", indent, plural(rest, "diff"))
	}
}

// withoutDiffs is the document without what it quotes of files on hosts: nobody
// knows what is in them.
func (doc *planDocument) withoutDiffs() *planDocument {
	out := *doc
	out.Tasks = make([]plannedTask, len(doc.Tasks))
	for i, t := range doc.Tasks {
		steps := make([]plannedStep, len(t.Steps))
		for k, s := range t.Steps {
			hosts := make([]plannedFate, len(s.Hosts))
			for n, f := range s.Hosts {
				f.Diffs = nil
				hosts[n] = f
			}
			s.Hosts = hosts
			steps[k] = s
		}
		t.Steps = steps
		out.Tasks[i] = t
	}
	return &out
}
