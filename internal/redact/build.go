package redact

import "slices"

// A kind says how a pattern is looked for.
type kind struct {
	// coded patterns may be broken into lines.
	coded bool
	// lead holds the base64 characters, a bit for each value, that may stand in
	// front of the pattern and hold bits of the secret, too.
	lead uint64
	// trail is whether the character behind the pattern holds bits of the secret.
	trail bool
}

// and is the kind of a pattern that is of both kinds.
func (k kind) and(other kind) kind {
	return kind{k.coded || other.coded, k.lead | other.lead, k.trail || other.trail}
}

// flags are those of the node at which the pattern ends.
func (k kind) flags() flags {
	var f flags
	if k.lead != 0 {
		f |= matchLead
	}
	if k.trail {
		f |= trail
	}
	if k.coded {
		f |= ends
	}
	return f
}

// maxWindow bounds the skips, which are bytes.
const maxWindow = 255

// build makes the automaton of patterns, each of at least two bytes.
func build(patterns map[string]kind) *automaton {
	size := 0
	for p := range patterns {
		size += len(p)
	}
	a := &automaton{nodes: make([]node, 1, 1+size/2), window: maxWindow} // many begin alike
	for p, k := range patterns {
		a.insert(p, k)
		a.lead |= k.lead
		a.window = min(a.window, len(p))
	}
	a.link()
	a.skips = slices.Repeat([]uint8{uint8(a.window - 1)}, 1<<16)
	for p, k := range patterns {
		a.limit(p, k)
	}
	return a
}

func (a *automaton) insert(pattern string, k kind) {
	at := int32(0)
	for i := range len(pattern) {
		next := a.child(at, pattern[i])
		if next == 0 {
			next = a.grow(at, pattern[i])
		}
		at = next
		n := &a.nodes[at]
		if k.coded {
			n.coded = at
		}
		if k.lead != 0 && i+1 < len(pattern) {
			n.flags |= openLead
		}
	}
	n := &a.nodes[at]
	n.match = int32(len(pattern))
	n.flags |= k.flags()
}

// limit makes the skips so short that none leaps over the beginning of pattern.
// In a coded one there may be line breaks: what follows them is further on in the
// window than in the pattern, by slack at most.
func (a *automaton) limit(pattern string, k kind) {
	slack := 0
	if k.coded {
		slack = 2 * (1 + a.window/minLine)
		a.skips['\r'<<8|'\n'] = 0
	}
	skip := func(one, two byte, end int) {
		block := int(one)<<8 | int(two)
		a.skips[block] = min(a.skips[block], uint8(max(0, a.window-end-slack)))
	}
	for i := range a.window {
		if i > 0 {
			skip(pattern[i-1], pattern[i], i+1)
		}
		if k.coded {
			skip(pattern[i], '\n', i+2)
			skip(pattern[i], '\r', i+2)
			skip('\n', pattern[i], i+2)
			skip('\r', pattern[i], i+2)
		}
	}
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
			a.nodes[parent].flags |= a.nodes[a.nodes[parent].fail].flags & openLead
		}
		for n := a.nodes[parent].child; n != 0; n = a.nodes[n].sibling {
			a.inherit(n, a.step(a.nodes[parent].fail, a.nodes[n].char))
			queue = append(queue, n)
		}
	}
}

// inherit gives a node what is true of all that ends as the node fail does.
func (a *automaton) inherit(at, fail int32) {
	n, f := &a.nodes[at], &a.nodes[fail]
	n.fail = fail
	if n.match == 0 {
		n.match = f.match
		n.flags |= f.flags & matchLead
	}
	n.flags |= f.flags & trail
	if n.coded == 0 {
		n.coded = f.coded
	}
}
