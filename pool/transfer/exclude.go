package transfer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// exclusions are patterns in the syntax of gitignore, as in gitignore(5). The last
// one that matches a path decides.
type exclusions []exclusion

// An exclusion is one pattern.
type exclusion struct {
	parts    []string // what its path consists of, each a pattern of doublestar's or "**"
	keep     bool     // "!": what it matches stays in
	folders  bool     // it ended with "/": it is about folders alone
	anywhere bool     // no "/" before its end: it is about names, in any folder
}

// CheckExclude is an error where one of the lines is no pattern of a gitignore.
func CheckExclude(lines []string) error {
	_, err := parseExclusions(lines)
	return err
}

// parseExclusions reads one pattern from each line. Where git would have a pattern
// match nothing in silence, as with a bracket that is never closed, it is an error.
func parseExclusions(lines []string) (exclusions, error) {
	var x exclusions
	for _, line := range lines {
		line = trimSpaces(line)
		if line == "" || line[0] == '#' {
			continue
		}
		e, err := parseExclusion(line)
		if err != nil {
			return nil, fmt.Errorf("exclusion %q: %w", line, err)
		}
		x = append(x, e)
	}
	return x, nil
}

// trimSpaces cuts spaces off the end, up to one that a backslash makes part of the
// pattern.
func trimSpaces(line string) string {
	for strings.HasSuffix(line, " ") {
		short := line[:len(line)-1]
		slashes := len(short) - len(strings.TrimRight(short, `\`))
		if slashes%2 == 1 {
			break
		}
		line = short
	}
	return line
}

func parseExclusion(line string) (exclusion, error) {
	var e exclusion
	if strings.HasPrefix(line, "!") {
		e.keep, line = true, line[1:]
	}
	if strings.HasSuffix(line, "/") {
		e.folders, line = true, strings.TrimSuffix(line, "/")
	}
	e.anywhere = !strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return e, errors.New("names nothing")
	}
	for part := range strings.SplitSeq(line, "/") {
		switch part {
		case "**":
			if n := len(e.parts); !e.anywhere && n > 0 && e.parts[n-1] == "**" {
				continue
			}
		case "", ".", "..":
			return e, fmt.Errorf("has a part that cannot be %q", part)
		default:
			var err error
			if part, err = wildcards(part); err != nil {
				return e, err
			}
		}
		e.parts = append(e.parts, part)
	}
	return e, nil
}

// match reports whether path is excluded, where none of the folders that it is in
// is. It is relative, with "/" between its names.
func (x exclusions) match(path string, folder bool) bool {
	if len(x) == 0 {
		return false
	}
	return x.matchNames(strings.Split(path, "/"), folder)
}

// covers reports whether path, or a folder that it is in, is excluded: what is in
// an excluded folder cannot be kept by a later pattern.
func (x exclusions) covers(path string, folder bool) bool {
	if len(x) == 0 {
		return false
	}
	names := strings.Split(path, "/")
	for n := 1; n < len(names); n++ {
		if x.matchNames(names[:n], true) {
			return true
		}
	}
	return x.matchNames(names, folder)
}

func (x exclusions) matchNames(names []string, folder bool) bool {
	for i := len(x) - 1; i >= 0; i-- {
		e := &x[i]
		if e.folders && !folder {
			continue
		}
		of := names
		if e.anywhere {
			of = names[len(names)-1:]
		}
		if matchParts(e.parts, of) {
			return !e.keep
		}
	}
	return false
}

// matchParts goes name by name, so that nothing but "**" reaches over a "/". It
// goes back to the last "**" alone, and so takes no more than the product of the
// lengths.
func matchParts(parts, names []string) bool {
	back, from := -1, 0 // the parts after the last "**", and the names it takes
	p, n := 0, 0
	for n < len(names) {
		switch {
		case p < len(parts) && parts[p] == "**":
			if p++; p == len(parts) {
				return true // what is below, at any depth
			}
			back, from = p, n
		case p < len(parts) && doublestar.MatchUnvalidated(parts[p], names[n]):
			p, n = p+1, n+1
		case back >= 0:
			from++
			p, n = back, from
		default:
			return false
		}
	}
	return p == len(parts)
}
