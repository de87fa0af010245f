package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"fleet/internal/nodeset"
)

// A selector turns patterns into names.
type selector struct {
	resolver nodeset.Resolver
	// all lists every host; nil where no inventory is loaded.
	all   []string
	known bool      // whether an inventory is loaded
	stdin io.Reader // for "-"
}

// names carries out the selection flags: the union of what is asked for, less
// what is excluded, narrowed, picked from and counted. The result is in the order
// of nodeset.Compare and never empty.
func (s *selector) names(f *selectionFlags) ([]string, error) {
	names, err := s.wanted(f)
	if err != nil {
		return nil, err
	}
	narrow := s.resolver
	if !s.known {
		// A glob can only mean those hosts that were named before it.
		narrow = among(names)
	}
	for _, p := range f.exclude {
		out, err := s.pattern("-x", p, narrow)
		if err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(names, membership(out))
	}
	for _, p := range f.limit {
		in, err := s.pattern("--limit", p, narrow)
		if err != nil {
			return nil, err
		}
		has := membership(in)
		names = slices.DeleteFunc(names, func(n string) bool { return !has(n) })
	}
	if len(names) == 0 {
		return nil, badUsage("the selection is empty: no host is left")
	}
	names = pick(names, f.pick, f.seed)
	if f.expect >= 0 && len(names) != f.expect {
		return nil, badUsage("%d hosts are selected (%s), and --expect-hosts says %d", len(names), brief(names), f.expect)
	}
	return names, nil
}

// wanted is the union of -w, -g and -a.
func (s *selector) wanted(f *selectionFlags) ([]string, error) {
	if !f.given() {
		return nil, &usageError{err: fmt.Errorf("no hosts are named"), hint: "name them with -w PATTERN, -g GROUP or -a"}
	}
	var union []string
	for _, p := range f.hosts {
		names, err := s.pattern("-w", p, s.resolver)
		if err != nil {
			return nil, err
		}
		union = append(union, names...)
	}
	for _, g := range f.groups {
		names, err := s.pattern("-g", group(g), s.resolver)
		if err != nil {
			return nil, err
		}
		union = append(union, names...)
	}
	if f.all {
		if !s.known {
			return nil, &usageError{err: fmt.Errorf("-a means all hosts of the inventory, and none is loaded"), hint: "load one with -i PATH"}
		}
		union = append(union, s.all...)
	}
	slices.SortFunc(union, nodeset.Compare)
	return slices.Compact(union), nil
}

// pattern resolves the value of a flag: a pattern, ^FILE, or - for stdin.
func (s *selector) pattern(flag, p string, r nodeset.Resolver) ([]string, error) {
	switch {
	case p == "-":
		return readList("standard input", s.stdin, r)
	case strings.HasPrefix(p, "^"):
		f, err := os.Open(p[1:])
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", flag, p, err)
		}
		defer f.Close()
		return readList(p[1:], f, r)
	}
	names, err := evaluate(p, r)
	if err != nil && flag != "-w" { // which is also what stands without a flag
		err = fmt.Errorf("%s: %w", flag, err)
	}
	return names, err
}

// evaluate resolves one pattern.
func evaluate(p string, r nodeset.Resolver) ([]string, error) {
	e, err := nodeset.Parse(p)
	if err != nil {
		return nil, err
	}
	return e.Eval(r)
}

// readList reads one pattern a line; what follows a # is a comment.
func readList(name string, from io.Reader, r nodeset.Resolver) ([]string, error) {
	var union []string
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		names, err := evaluate(line, r)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if union = append(union, names...); len(union) > nodeset.MaxSize {
			return nil, fmt.Errorf("%s:%d: more than %d hosts", name, n, nodeset.MaxSize)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(union) == 0 {
		return nil, badUsage("%s names no host", name)
	}
	slices.SortFunc(union, nodeset.Compare)
	return slices.Compact(union), nil
}

// among resolves terms within a list of names, for life without an inventory.
type among []string

// Resolve implements nodeset.Resolver. As everywhere, a glob or a regular
// expression without a match is an error.
func (a among) Resolve(t nodeset.Term, patterns []string) ([]string, error) {
	var match func(string) bool
	switch t.Kind {
	case nodeset.Glob:
		match = func(n string) bool {
			return slices.ContainsFunc(patterns, func(p string) bool { return nodeset.Match(p, n) })
		}
	case nodeset.Regexp:
		match = t.Regexp.MatchString
	default:
		return nodeset.Names{}.Resolve(t, patterns)
	}
	var names []string
	for _, n := range a {
		if match(n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%q matches none of the selected hosts", t.Text)
	}
	return names, nil
}

// membership is a function that reports whether a name is in names.
func membership(names []string) func(string) bool {
	in := make(map[string]struct{}, len(names))
	for _, n := range names {
		in[n] = struct{}{}
	}
	return func(n string) bool { _, ok := in[n]; return ok }
}

// pick takes N or N% of names at random and keeps their order; a share is
// rounded up, so that it is never nobody. A seed of 0 is a new one each time.
func pick(names []string, want string, seed int64) []string {
	if want == "" {
		return names
	}
	n, _ := strconv.Atoi(strings.TrimSuffix(want, "%")) // checkPick has seen it
	if strings.HasSuffix(want, "%") {
		n = (len(names)*n + 99) / 100
	}
	if n >= len(names) {
		return names
	}
	perm := rand.Perm
	if seed != 0 {
		perm = rand.New(rand.NewPCG(uint64(seed), 0)).Perm
	}
	chosen := perm(len(names))[:n]
	slices.Sort(chosen)
	picked := make([]string, n)
	for i, at := range chosen {
		picked[i] = names[at]
	}
	return picked
}

// brief folds names for a message.
func brief(names []string) string {
	const most = 200
	s := nodeset.Fold(names)
	if len(s) > most {
		s = s[:most] + "..."
	}
	return s
}
