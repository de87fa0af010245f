package sshconfig

import (
	"fmt"
	"path/filepath"
	"strings"
)

// include reads the files of an Include line. Its errors say where they arose.
func (l *loader) include(s *source, at position, args []string) ([]*file, error) {
	if s.depth >= maxDepth {
		return nil, at.at(fmt.Errorf("includes are nested more than %d deep", maxDepth))
	}
	var list []*file
	for _, arg := range args {
		if arg == "" {
			return nil, at.at(errMissing)
		}
		pattern, err := l.includePattern(s, arg)
		if err != nil {
			return nil, at.at(err)
		}
		for _, path := range glob(pattern) {
			parsed, err := l.read(source{path: path, user: s.user, check: true, depth: s.depth + 1, parent: at})
			if err != nil {
				return nil, err
			}
			if parsed != nil {
				list = append(list, parsed)
			}
		}
	}
	return list, nil
}

// includePattern anchors the argument of an Include line: relative ones are in
// ~/.ssh, or next to the system's file.
func (l *loader) includePattern(s *source, arg string) (string, error) {
	arg, err := expandVariables(arg, l.env.lookup)
	switch {
	case err != nil:
		return "", err
	case strings.HasPrefix(arg, "~") && !s.user:
		return "", fmt.Errorf("%q: the system's file cannot include from a home folder", arg)
	case strings.HasPrefix(arg, "~"):
		name, rest, _ := strings.Cut(arg, "/")
		home, err := l.env.tilde(name)
		if err != nil {
			return arg, nil // as ssh: no such user, no such file
		}
		return filepath.Join(quoteGlob(home), rest), nil
	case filepath.IsAbs(arg):
		return arg, nil
	case s.user:
		return filepath.Join(quoteGlob(l.env.home), ".ssh", arg), nil
	default:
		return filepath.Join(quoteGlob(l.system), arg), nil
	}
}
