package redact

// A span is a part of a text, [from, to).
type span struct{ from, to int }

// join adds s to spans that are in order and do not touch. None of them begins
// after the end of s.
func join(spans []span, s span) []span {
	for len(spans) > 0 && spans[len(spans)-1].to >= s.from {
		last := spans[len(spans)-1]
		s = span{min(s.from, last.from), max(s.to, last.to)}
		spans = spans[:len(spans)-1]
	}
	return append(spans, s)
}

// unite adds s to spans wherever it belongs.
func unite(spans []span, s span) []span {
	var all []span
	for _, other := range spans {
		switch {
		case other.to < s.from:
			all = append(all, other)
		case s.to < other.from:
			all = append(all, s)
			s = other
		default:
			s = span{min(s.from, other.from), max(s.to, other.to)}
		}
	}
	return append(all, s)
}
