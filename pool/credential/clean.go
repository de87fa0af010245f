package credential

import (
	"strings"
	"unicode"
)

// maxText bounds what a server can put on the screen in one question.
const maxText = 1024

// clean makes text of a server, or a file name, safe to print: nothing in it
// moves the cursor, hides or turns text around.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n':
			return ' '
		case r == '\r':
			return -1
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar,
			unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return '?'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxText {
		s = string(r[:maxText]) + "..."
	}
	return s
}

// cleanLines does the same line by line, without empty lines at the ends.
func cleanLines(s string) string {
	var lines []string
	for l := range strings.Lines(strings.TrimSpace(s)) {
		lines = append(lines, strings.TrimRight(clean(strings.TrimSuffix(l, "\n")), " "))
		if len(lines) == 50 {
			break
		}
	}
	return strings.Join(lines, "\n")
}
