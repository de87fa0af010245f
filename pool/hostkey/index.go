package hostkey

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// An index is one file, read. What was read does not change; what this process
// appends after that is kept beside it.
type index struct {
	path     string
	plain    map[string][]entry // by lower case name
	patterns []patternLine
	hashed   []hashedLine

	mu    sync.Mutex
	found map[string][]entry // what was read, by names that were looked up
	own   map[string][]entry // what was appended, by name
	lines int                // lines in the file
	info  fs.FileInfo        // the file at that time; nil when it was missing
}

type patternLine struct {
	names []string
	entry entry
}

type hashedLine struct {
	name  hashedName
	entry entry
}

// newIndex indexes the text of a file. It calls warn for lines that are not
// understood.
func newIndex(path, text string, warn func(string)) *index {
	x := &index{
		path:  path,
		plain: make(map[string][]entry),
		found: make(map[string][]entry),
		own:   make(map[string][]entry),
	}
	for line := range strings.Lines(text) {
		x.lines++
		p, err := parseLine(strings.TrimSuffix(line, "\n"))
		if err == nil {
			p.line = x.lines
			err = x.add(p)
		}
		if err != nil && !errors.Is(err, errIgnored) {
			warn(fmt.Sprintf("%s:%d: line left out: %v", path, x.lines, err))
		}
	}
	return x
}

// add sorts a line into the index; only newIndex may call it.
func (x *index) add(p parsed) error {
	switch {
	case p.names[0][0] == '|':
		h, err := parseHashed(p.names[0])
		if err != nil {
			return err
		}
		x.hashed = append(x.hashed, hashedLine{h, p.entry})
	case slices.ContainsFunc(p.names, isPattern):
		x.patterns = append(x.patterns, patternLine{p.names, p.entry})
	default:
		for _, n := range p.names {
			x.plain[n] = append(x.plain[n], p.entry)
		}
	}
	return nil
}

// match returns the entries that speak about name, in the order of the file.
func (x *index) match(name string) []entry {
	x.mu.Lock()
	found, ok := x.found[name]
	own := x.own[name]
	x.mu.Unlock()
	if !ok {
		found = x.search(name)
		x.mu.Lock()
		x.found[name] = found
		x.mu.Unlock()
	}
	if len(own) == 0 {
		return found
	}
	return slices.Concat(found, own)
}

// search does the work of match for what was read.
func (x *index) search(name string) []entry {
	found := slices.Clone(x.plain[name])
	for _, p := range x.patterns {
		if matchNames(p.names, name) {
			found = append(found, p.entry)
		}
	}
	if len(x.hashed) > 0 {
		h := newHasher(name)
		for i := range x.hashed {
			if l := &x.hashed[i]; h.sum(l.name.salt) == l.name.hash {
				found = append(found, l.entry)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b entry) int { return a.line - b.line })
	return found
}

// appended takes note of lines this process has written, and of the file as it
// is with them.
func (x *index) appended(names []string, entries []entry, info fs.FileInfo) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, n := range names {
		x.own[n] = append(x.own[n], entries[i])
	}
	x.lines += len(entries)
	x.info = info
}
