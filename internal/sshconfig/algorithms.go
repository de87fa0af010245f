package sshconfig

import (
	"slices"
	"strings"
)

// Algorithms applies an algorithm list, as Ciphers, MACs and the other keywords
// have it, to the defaults and to all the names that are supported: an empty
// list is the defaults, "+" appends to them, "^" puts in front of them, "-"
// takes away from them, and anything else replaces them. Names may hold
// wildcards; unsupported names are dropped, so the result may be empty.
func Algorithms(list string, defaults, supported []string) []string {
	patterns := slices.Clone(defaults)
	if list == "" {
		return patterns
	}
	names := strings.Split(list[1:], ",")
	switch list[0] {
	case '-':
		return slices.DeleteFunc(patterns, func(name string) bool { return matchList(name, list[1:]) })
	case '+':
		patterns = append(patterns, names...)
	case '^':
		patterns = append(names, patterns...)
	default:
		patterns = strings.Split(list, ",")
	}
	var result []string
	for _, pattern := range patterns {
		for _, name := range supported {
			if matchPattern(name, pattern) && !slices.Contains(result, name) {
				result = append(result, name)
			}
		}
	}
	return result
}
