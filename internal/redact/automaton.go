package redact

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
	lead   uint64 // the edges in front of any pattern
}

type node struct {
	fail    int32 // the longest end of this prefix that is a prefix, too
	child   int32 // the first child, or 0
	sibling int32 // the next child of the same parent, or 0
	depth   int32 // length of the prefix
	open    int32 // length of the longest end of this prefix that a pattern goes on from
	match   int32 // length of the longest pattern that ends here, or 0
	coded   int32 // the longest end of this prefix, or all of it, that begins a coded pattern
	char    byte
	flags   flags
}

// flags are what else is known of a node.
type flags uint8

const (
	openLead  flags = 1 << iota // what is open has an edge in front of it
	matchLead                   // what matches has an edge in front of it
	trail                       // a pattern that ends here has an edge behind it
	ends                        // this is a coded pattern, not only the beginning of one
)

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

// step is the node after reading c.
func (a *automaton) step(at int32, c byte) int32 {
	for {
		if n := a.child(at, c); n != 0 || at == 0 {
			return n
		}
		at = a.nodes[at].fail
	}
}

// stepCoded is like step, where there are none but coded patterns.
func (a *automaton) stepCoded(at int32, c byte) int32 {
	for {
		n := a.child(at, c)
		if n != 0 && a.nodes[n].coded == n {
			return n
		}
		if at == 0 {
			return 0
		}
		at = a.nodes[a.nodes[at].fail].coded
	}
}

// ending is the node of the longest coded pattern that is an end of the one at a
// node of a coded pattern, or 0.
func (a *automaton) ending(at int32) int32 {
	if a.nodes[at].match == 0 {
		return 0
	}
	for at != 0 && a.nodes[at].flags&ends == 0 {
		at = a.nodes[a.nodes[at].fail].coded
	}
	return at
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
