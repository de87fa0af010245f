package nodeset

import "slices"

// Eval returns the set e stands for, each name once, in the order of [Compare].
// Every term is put to r once, from left to right; the first error of r is
// returned as it is. An empty set is not an error here.
func (e *Expr) Eval(r Resolver) ([]string, error) {
	s, err := eval(e.nodes, r)
	if err != nil {
		return nil, err
	}
	names := s.names()
	slices.SortFunc(names, Compare)
	return slices.Compact(names), nil
}

// Expand returns the names an expression of names and ranges stands for, each
// once, in the order of [Compare].
func Expand(pattern string) ([]string, error) {
	e, err := Parse(pattern)
	if err != nil {
		return nil, err
	}
	return e.Eval(Names{})
}

// Count returns how many names an expression of names and ranges stands for.
func Count(pattern string) (int, error) {
	names, err := Expand(pattern)
	return len(names), err
}

func eval(nodes []node, r Resolver) (*set, error) {
	s := &set{}
	for _, n := range nodes {
		names, err := n.resolve(r)
		if err != nil {
			return nil, err
		}
		s.apply(n.op, names)
	}
	return s, nil
}

// resolve returns the names of the operand; they may repeat.
func (n node) resolve(r Resolver) ([]string, error) {
	if n.term == nil {
		s, err := eval(n.sub, r)
		if err != nil {
			return nil, err
		}
		return s.names(), nil
	}
	return r.Resolve(*n.term, n.patterns())
}

// patterns expands the ranges of a term, if it is of a kind that has them.
func (n node) patterns() []string {
	switch {
	case n.pat != nil:
		return n.pat.appendNames(make([]string, 0, n.pat.size))
	case n.term.Kind == Name || n.term.Kind == Glob:
		return []string{n.term.Text}
	case n.term.Kind == Group:
		return []string{n.term.Text[1:]}
	}
	return nil
}

// A set is a list, in which names may repeat, for as long as there are only
// unions, which most expressions are; then it is a map.
type set struct {
	list []string
	in   map[string]struct{}
}

// apply does s = s op names, at a cost that grows with names only, except that
// the first time a map is made.
func (s *set) apply(op byte, names []string) {
	if op == ',' && s.in == nil {
		s.list = append(s.list, names...)
		return
	}
	if s.in == nil {
		s.in, s.list = makeSet(s.list), nil
	}
	switch op {
	case ',':
		for _, n := range names {
			s.in[n] = struct{}{}
		}
	case '!':
		for _, n := range names {
			delete(s.in, n)
		}
	case '&':
		both := make(map[string]struct{})
		for _, n := range names {
			if _, ok := s.in[n]; ok {
				both[n] = struct{}{}
			}
		}
		s.in = both
	case '^':
		for n := range makeSet(names) {
			if _, ok := s.in[n]; ok {
				delete(s.in, n)
			} else {
				s.in[n] = struct{}{}
			}
		}
	}
}

func makeSet(names []string) map[string]struct{} {
	m := make(map[string]struct{}, len(names))
	for _, n := range names {
		m[n] = struct{}{}
	}
	return m
}

// names returns the members, in no order.
func (s *set) names() []string {
	for n := range s.in {
		s.list = append(s.list, n)
	}
	s.in = nil
	return s.list
}
