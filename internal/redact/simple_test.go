package redact

import "strings"

// hidden masks what patterns match, the simplest way.
func hidden(text string, patterns map[string]kind) string {
	hide := make([]bool, len(text))
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			hide[i] = true
		}
	}
	for p, k := range patterns {
		for from := range text {
			to, ok := matchAt(text, from, p, k)
			if !ok {
				continue
			}
			mark(from, to)
			if at := edgeBefore(text, from); k.lead != 0 && at >= 0 {
				mark(at, from)
			}
			if at := to + breakAt(text, to); k.trail && at < len(text) && base64Value(text[at]) >= 0 {
				mark(to, at+1)
			}
		}
	}
	var b strings.Builder
	for i := range text {
		if !hide[i] {
			b.WriteByte(text[i])
		} else if i == 0 || !hide[i-1] {
			b.WriteString(Mark)
		}
	}
	return b.String()
}

// matchAt is where a pattern that begins at i ends.
func matchAt(text string, i int, pattern string, k kind) (end int, ok bool) {
	for j := range len(pattern) {
		if n := breakAt(text, i); k.coded && j > 0 && n > 0 && lineBefore(text, i) {
			i += n
		}
		if i == len(text) || text[i] != pattern[j] {
			return 0, false
		}
		i++
	}
	return i, true
}

// edgeBefore is the place of a character that is the neighbor of i, or -1.
func edgeBefore(text string, i int) int {
	end := i
	end = len(strings.TrimSuffix(text[:end], "\n"))
	end = len(strings.TrimSuffix(text[:end], "\r"))
	if end < i && !lineBefore(text, end) || end == 0 || base64Value(text[end-1]) < 0 {
		return -1
	}
	return end - 1
}

// breakAt is the length of the line break at i, or 0.
func breakAt(text string, i int) int {
	rest := strings.TrimPrefix(text[i:], "\r")
	return len(text) - i - len(strings.TrimPrefix(rest, "\n"))
}

// lineBefore is whether enough base64 characters are right before i.
func lineBefore(text string, i int) bool {
	n := 0
	for n < i && (base64Value(text[i-n-1]) >= 0 || text[i-n-1] == '=') {
		n++
	}
	return n >= minLine
}
