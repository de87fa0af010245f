package redact

import "slices"

// An automaton finds all patterns in a text in one pass. Node 0 is the root; the
// path to a node spells a prefix of a pattern.
type automaton struct {
	nodes []node
	root  [256]int32 // where each first byte leads
	// window is the length of the shortest pattern, at most maxWindow. skips
	// says for the last two bytes of a window of that length how far the next
	// place is at which a pattern could begin.
	window int
	skips  []uint8
}

type node struct {
	fail    int32 // the longest end of this prefix that is a prefix, too
	child   int32 // the first child, or 0
	sibling int32 // the next child of the same parent, or 0
	depth   int32 // length of the prefix
	open    int32 // length of the longest end of this prefix that a pattern goes on from
	match   int32 // length of the longest pattern that ends here, or 0
	char    byte
}

// maxWindow bounds the skips, which are bytes.
const maxWindow = 255

// build makes the automaton of patterns, each of at least two bytes.
func build(patterns map[string]bool) *automaton {
	size := 0
	for p := range patterns {
		size += len(p)
	}
	a := &automaton{nodes: make([]node, 1, 1+size/2), window: maxWindow} // many begin alike
	for p := range patterns {
		a.insert(p)
		a.window = min(a.window, len(p))
	}
	a.link()
	a.skips = slices.Repeat([]uint8{uint8(a.window - 1)}, 1<<16)
	for p := range patterns {
		for end := 2; end <= a.window; end++ {
			block := int(p[end-2])<<8 | int(p[end-1])
			a.skips[block] = min(a.skips[block], uint8(a.window-end))
		}
	}
	return a
}

func (a *automaton) insert(pattern string) {
	at := int32(0)
	for i := range len(pattern) {
		next := a.child(at, pattern[i])
		if next == 0 {
			next = a.grow(at, pattern[i])
		}
		at = next
	}
	a.nodes[at].match = int32(len(pattern))
}

func (a *automaton) grow(parent int32, c byte) int32 {
	n := int32(len(a.nodes))
	a.nodes = append(a.nodes, node{char: c, depth: a.nodes[parent].depth + 1, sibling: a.nodes[parent].child})
	if parent == 0 {
		a.nodes[n].sibling = 0 // the children of the root are in a table
		a.root[c] = n
	} else {
		a.nodes[parent].child = n
	}
	return n
}

// child is where c leads from a node, or 0.
func (a *automaton) child(at int32, c byte) int32 {
	if at == 0 {
		return a.root[c]
	}
	n := a.nodes[at].child
	for n != 0 && a.nodes[n].char != c {
		n = a.nodes[n].sibling
	}
	return n
}

// link finds for each node where to go on when no child fits, nearest to the
// root first: a node's is that of its parent, one step on.
func (a *automaton) link() {
	queue := make([]int32, 0, len(a.nodes))
	for _, n := range a.root {
		if n != 0 {
			queue = append(queue, n)
		}
	}
	for i := 0; i < len(queue); i++ {
		parent := queue[i]
		a.nodes[parent].open = a.nodes[parent].depth
		if a.nodes[parent].child == 0 {
			a.nodes[parent].open = a.nodes[a.nodes[parent].fail].open
		}
		for n := a.nodes[parent].child; n != 0; n = a.nodes[n].sibling {
			fail := a.step(a.nodes[parent].fail, a.nodes[n].char)
			a.nodes[n].fail = fail
			a.nodes[n].match = max(a.nodes[n].match, a.nodes[fail].match)
			queue = append(queue, n)
		}
	}
}

// step is the node after reading c.
func (a *automaton) step(at int32, c byte) int32 {
	for {
		if n := a.child(at, c); n != 0 || at == 0 {
			return n
		}
		at = a.nodes[at].fail
	}
}

// scan reads text from i on and adds what it finds to found. The bytes before i
// led to the node at; it returns the node after the last byte.
func (a *automaton) scan(at int32, text []byte, i int, found []span) (int32, []span) {
	for i < len(text) {
		if at == 0 {
			i = a.skip(text, i)
		}
		at = a.step(at, text[i])
		i++
		if n := a.nodes[at].match; n > 0 {
			found = join(found, span{i - int(n), i})
		}
	}
	return at, found
}

// skip is the next place from i on at which a pattern may begin. It is in text
// where i is.
func (a *automaton) skip(text []byte, i int) int {
	for i+a.window <= len(text) {
		end := i + a.window
		far := a.skips[int(text[end-2])<<8|int(text[end-1])]
		if far == 0 {
			break
		}
		i += int(far)
	}
	return i
}

// A span is a part of a text, [from, to).
type span struct{ from, to int }

// join adds s to spans that are in order and do not touch. None of them ends
// after s.
func join(spans []span, s span) []span {
	for len(spans) > 0 && spans[len(spans)-1].to >= s.from {
		s.from = min(s.from, spans[len(spans)-1].from)
		spans = spans[:len(spans)-1]
	}
	return append(spans, s)
}
