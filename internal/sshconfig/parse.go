package sshconfig

import (
	"errors"
	"fmt"
	"strings"
)

// position is where a setting was made.
type position struct {
	name string // a file, "-o" or "command line"
	line int    // 0 outside files
}

// at puts the position in front of an error.
func (p position) at(err error) error {
	if err == nil {
		return nil
	}
	if p.line == 0 {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return fmt.Errorf("%s line %d: %w", p.name, p.line, err)
}

func (p position) String() string {
	if p.line == 0 {
		return p.name
	}
	return fmt.Sprintf("%s:%d", p.name, p.line)
}

// file is a parsed file: blocks from top to bottom.
type file struct {
	blocks  []block
	unknown bool // it, or what it includes, has unknown keywords
}

// block is what stands below one Host or Match line, or above the first.
type block struct {
	hosts      []hostPattern // of a Host line
	criteria   []criterion   // of a Match line
	at         position
	directives []directive
	unknown    bool
}

// directive is one line with a setting.
type directive struct {
	key      *keyword // nil when the keyword is unknown
	unknown  string   // the keyword, when it is unknown
	values   []string
	included []*file // of an Include line
	at       position
}

// parse reads the text of a file. Bad lines are collected; an error means that
// an included file could not be read.
func (l *loader) parse(s source, name, text string) (*file, error) {
	f := &file{blocks: []block{{}}}
	at := position{name: name}
	for line := range strings.Lines(text) {
		at.line++
		key, rest := keywordOf(line)
		if key == "" {
			continue
		}
		if err := l.parseLine(f, &s, at, key, rest); err != nil {
			var fatal *fatalError
			if errors.As(err, &fatal) {
				return nil, fatal.err
			}
			l.errs = append(l.errs, at.at(err))
		}
	}
	for i := range f.blocks {
		f.unknown = f.unknown || f.blocks[i].unknown
	}
	return f, nil
}

// fatalError is one after which the other lines are not worth reading. It says
// where it arose.
type fatalError struct{ err error }

func (e *fatalError) Error() string { return e.err.Error() }

func (l *loader) parseLine(f *file, s *source, at position, key, rest string) error {
	last := &f.blocks[len(f.blocks)-1]
	k, args, err := splitLine(l.keywords, key, rest)
	if err != nil {
		return err
	}
	switch {
	case k == nil:
		last.unknown = true
		last.directives = append(last.directives, directive{unknown: key, at: at})
	case k.kind == kindHost:
		hosts, err := l.hostLine(at, args)
		f.blocks = append(f.blocks, block{hosts: hosts, at: at})
		return err
	case k.kind == kindMatch:
		criteria, err := parseMatch(rest, args)
		for _, c := range criteria {
			l.final = l.final || c.name == "final"
		}
		f.blocks = append(f.blocks, block{criteria: criteria, at: at})
		return err
	case k.kind == kindInclude:
		files, err := l.include(s, at, args)
		if err != nil {
			return &fatalError{err}
		}
		for _, included := range files {
			last.unknown = last.unknown || included.unknown
		}
		last.directives = append(last.directives, directive{key: k, included: files, at: at})
	default:
		values, err := k.value(rest, args)
		last.directives = append(last.directives, directive{key: k, values: values, at: at})
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// splitLine looks up the keyword of a line and splits its arguments. The
// keyword is nil when ssh does not know it.
func splitLine(table map[string]*keyword, key, rest string) (*keyword, []string, error) {
	if rest == "" {
		return nil, nil, fmt.Errorf("%s: %w", key, errMissing)
	}
	args, ok := splitArgs(rest)
	if !ok {
		return nil, nil, fmt.Errorf("%s: a quote is not closed", key)
	}
	return table[key], args, nil
}

func (l *loader) hostLine(at position, args []string) ([]hostPattern, error) {
	hosts := make([]hostPattern, 0, len(args))
	for _, arg := range args {
		if arg == "" {
			return nil, errors.New("host: an argument is empty")
		}
		p := newHostPattern(arg)
		hosts = append(hosts, p)
		if p.literal && !p.negated {
			l.hosts = append(l.hosts, HostName{Name: p.text, File: at.name, Line: at.line})
		}
	}
	return hosts, nil
}
