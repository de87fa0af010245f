package nodeset

import (
	"fmt"
	"regexp"
)

// Kind says what a term is.
type Kind string

// The kinds.
const (
	Name   Kind = "name"
	Glob   Kind = "glob"
	Regexp Kind = "regexp"
	Group  Kind = "group"
	Label  Kind = "label"
)

// A Term is one operand of an expression.
type Term struct {
	Kind Kind
	Text string // as it was written, such as "@rack[1-3]"
	Pos  int    // column of its first character in the expression, from 1

	Key   string // of a label
	Op    string // of a label: "=" or "!="
	Value string // of a label; may be a glob, see Match

	Regexp *regexp.Regexp // of a regular expression
}

// A Resolver finds the names a term stands for.
type Resolver interface {
	// Resolve returns the names t stands for, in any order. Ranges are
	// already expanded: patterns holds the names of a Name, the globs of a
	// Glob and the groups of a Group, without "@"; it is nil for the others.
	// A group may contain a glob. The resolver may keep or return patterns.
	Resolve(t Term, patterns []string) ([]string, error)
}

// Names resolves every name to itself, for use where no inventory is loaded.
// All other terms are errors.
type Names struct{}

// Resolve returns patterns if t is a Name.
func (Names) Resolve(t Term, patterns []string) ([]string, error) {
	if t.Kind == Name {
		return patterns, nil
	}
	return nil, fmt.Errorf("%s %q needs an inventory, and none is loaded; hint: load one with -i, or write the names out", t.Kind.long(), t.Text)
}

// long returns the kind in words that mean something to somebody who has not
// read the documentation.
func (k Kind) long() string {
	if k == Regexp {
		return "regular expression"
	}
	return string(k)
}
