package redact

// minLine is the length from which on what is in front of a line break counts as
// a line of something encoded, which may go on in the next line. With less, the
// ends of usual lines would be held back as what may begin a form.
const minLine = 16

// A cursor is where the reading of a text has come to. The text is what is at
// hand of a longer one; what is in front of it is part of no form.
type cursor struct {
	at int32 // the node that the text led to

	// over is the node that the text led to where line breaks do not count, or 0
	// if the text from the last one on leads there as well; since is the number
	// of bytes after that line break.
	over  int32
	since int

	run  int  // how many base64 characters are right before the text, at most minLine
	edge bool // the next character belongs to the form that was found, if it is base64
}

// scan reads text from i on and adds what it finds to found.
func (c *cursor) scan(a *automaton, text []byte, i int, found []span) []span {
	if c.edge {
		found = c.trail(text, beforeBreak(text, i), found)
	}
	if c.over != 0 {
		i, found = c.across(a, text, i, found)
	}
	at := c.at
	for i < len(text) {
		if at == 0 {
			i = a.skip(text, i)
		}
		b := text[i]
		next := a.child(at, b)
		if at != 0 && (next == 0 || b <= '\r') {
			if isBreak(b) && a.nodes[at].coded != 0 {
				c.at = at
				i, found = c.across(a, text, i, found)
				at = c.at
				continue
			}
			next = a.step(at, b)
		}
		at = next
		i++
		if n := &a.nodes[at]; n.match > 0 {
			found = c.found(a, n, text, span{i - int(n.match), i}, found)
		}
	}
	c.at = at
	return found
}

// across reads a line break and what may be the rest of a coded pattern behind
// it. It returns the place from which on line breaks are of no importance.
func (c *cursor) across(a *automaton, text []byte, i int, found []span) (int, []span) {
	for first := true; i < len(text) && (first || c.over != 0); first = false {
		b := text[i]
		if isBreak(b) {
			c.crossBreak(a, text, i)
		} else {
			c.over = a.stepCoded(c.over, b)
			if c.since++; int(a.nodes[c.over].depth) <= c.since {
				c.over = 0
			}
		}
		c.at = a.step(c.at, b)
		i++
		if n := &a.nodes[a.ending(c.over)]; n.match > 0 && !isBreak(b) {
			found = c.found(a, n, text, span{back(text, i, int(n.match)), i}, found)
		}
		if n := &a.nodes[c.at]; n.match > 0 {
			found = c.found(a, n, text, span{i - int(n.match), i}, found)
		}
		if a.nodes[c.over].open == 0 {
			c.over = 0 // what ends here is all there is
		}
	}
	return i, found
}

// crossBreak reads the byte of a line break that is at i.
func (c *cursor) crossBreak(a *automaton, text []byte, i int) {
	switch {
	case c.over != 0 && c.since == 0 && text[i] == '\n' && text[i-1] == '\r':
		return
	case c.before(text, i) < minLine:
		c.over = 0
	case c.over == 0:
		c.over = a.nodes[c.at].coded
	}
	c.since = 0
}

// found adds what matched at the node n, with its edges.
func (c *cursor) found(a *automaton, n *node, text []byte, s span, found []span) []span {
	if n.flags&matchLead != 0 {
		s.from = c.leadFrom(a, text, s.from)
	}
	found = join(found, s)
	if n.flags&trail != 0 {
		found = c.trail(text, s.to, found)
	}
	return found
}

// trail adds the character that follows what was found up to i, on the same line
// or the next. Where the text ends before it, it is left to the next scan.
func (c *cursor) trail(text []byte, i int, found []span) []span {
	next := i
	if next < len(text) && text[next] == '\r' {
		next++
	}
	if next < len(text) && text[next] == '\n' {
		next++
	}
	c.edge = next == len(text)
	if !c.edge && base64Value(text[next]) >= 0 {
		found = join(found, span{i, next + 1})
	}
	return found
}

// leadFrom is where a form begins whose pattern, which has an edge in front of it,
// begins at i: i itself, or the place of the edge, on the same line or the one
// before.
func (c *cursor) leadFrom(a *automaton, text []byte, i int) int {
	end := beforeBreak(text, i)
	if end == 0 || end < i && c.before(text, end) < minLine {
		return i
	}
	if v := base64Value(text[end-1]); v < 0 || a.lead>>v&1 == 0 {
		return i
	}
	return end - 1
}

// keep is from where on text must be held back: a form that is not found yet may
// begin there.
func (c *cursor) keep(a *automaton, text []byte) int {
	n := &a.nodes[c.at]
	from := len(text) - int(n.open)
	if n.flags&openLead != 0 {
		from = c.leadFrom(a, text, from)
	}
	if c.over != 0 {
		n = &a.nodes[c.over]
		over := back(text, len(text), int(n.open))
		if n.flags&openLead != 0 {
			over = c.leadFrom(a, text, over)
		}
		from = min(from, over)
	}
	if c.edge {
		from = min(from, beforeBreak(text, len(text)))
	}
	return min(from, c.leadFrom(a, text, len(text)))
}

// before is how many base64 characters, padding too, there are right before i, at most minLine.
func (c *cursor) before(text []byte, i int) int {
	for n := range minLine {
		if i-n == 0 {
			return min(n+c.run, minLine)
		}
		if b := text[i-n-1]; base64Value(b) < 0 && b != '=' {
			return n
		}
	}
	return minLine
}

// back is where the last n bytes before i begin, not counting line breaks.
func back(text []byte, i, n int) int {
	for n > 0 {
		i--
		if !isBreak(text[i]) {
			n--
		}
	}
	return i
}

// beforeBreak is where the line break that ends at i begins, or i.
func beforeBreak(text []byte, i int) int {
	if i > 0 && text[i-1] == '\n' {
		i--
	}
	if i > 0 && text[i-1] == '\r' {
		i--
	}
	return i
}

func isBreak(c byte) bool { return c == '\n' || c == '\r' }
