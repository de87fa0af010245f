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
	hashed   hashedLines

	mu    sync.Mutex
	found map[string][]entry // what was read, by names that were looked up
	types map[hostType]bool  // whether hashed lines have this type, where that was asked
	own   map[string][]entry // what was appended, by name
	lines int                // lines in the file
	info  fs.FileInfo        // the file at that time; nil when it was missing
}

type hostType struct{ name, keyType string }

type patternLine struct {
	names []string
	entry entry
}

// newIndex indexes the text of a file. It calls warn for lines that are not
// understood.
func newIndex(path, text string, warn func(string)) *index {
	x := &index{
		path:  path,
		plain: make(map[string][]entry),
		found: make(map[string][]entry),
		types: make(map[hostType]bool),
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
		x.hashed.add(hashedLine{h, p.entry})
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
	found, own, ok := x.seen(name)
	if !ok {
		found = inOrder(x.named(name), x.hashed.match(name))
		x.mu.Lock()
		x.found[name] = found
		x.mu.Unlock()
	}
	return slices.Concat(found, own)
}

// matchKey is like match, but may leave out hashed lines with other keys.
func (x *index) matchKey(name, key string) []entry {
	found, own, ok := x.seen(name)
	if !ok {
		found = inOrder(x.named(name), x.hashed.matchKey(name, key))
	}
	return slices.Concat(found, own)
}

// seen returns what match found before, and what was appended since.
func (x *index) seen(name string) (found, own []entry, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	found, ok = x.found[name]
	return found, x.own[name], ok
}

// hasType reports whether a hashed line has a key of this type for name.
func (x *index) hasType(name, keyType string) bool {
	q := hostType{name, keyType}
	x.mu.Lock()
	has, ok := x.types[q]
	x.mu.Unlock()
	if !ok {
		has = x.hashed.hasType(name, keyType)
		x.mu.Lock()
		x.types[q] = has
		x.mu.Unlock()
	}
	return has
}

// named returns the entries whose names are not hashed.
func (x *index) named(name string) []entry {
	found := slices.Clone(x.plain[name])
	for _, p := range x.patterns {
		if matchNames(p.names, name) {
			found = append(found, p.entry)
		}
	}
	return found
}

func inOrder(a, b []entry) []entry {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(a, b entry) int { return a.line - b.line })
	return all
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
