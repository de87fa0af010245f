package nodeset

import "unicode/utf8"

// Match reports whether the whole of s matches glob, in which "*" is any text,
// "?" any one character, and everything else itself. Time is at most the product
// of the lengths.
func Match(glob, s string) bool {
	g, i := 0, 0
	star, from := -1, 0 // the last "*", and where the text after it was tried
	for i < len(s) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, from = g, i
			g++
		case g < len(glob) && glob[g] == '?':
			_, n := utf8.DecodeRuneInString(s[i:])
			g, i = g+1, i+n
		case g < len(glob) && glob[g] == s[i]:
			g, i = g+1, i+1
		case star >= 0:
			_, n := utf8.DecodeRuneInString(s[from:])
			from += n
			g, i = star+1, from
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}
