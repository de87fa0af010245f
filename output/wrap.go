package output

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// leastRoom is the narrowest that text is wrapped to, in cells.
const leastRoom = 20

// appendWrapped appends text and a newline to dst, in lines of fewer than width
// cells where it can be: lines end at spaces, and within a word that is too long
// for a line, such as a set of names, after commas. All but the first line begin
// with indent.
func appendWrapped(dst []byte, text, indent string, width int) []byte {
	room := max(width-1, leastRoom)
	at := 0 // cells in the line
	for i, word := range strings.Split(text, " ") {
		n := cells(word)
		switch {
		case i == 0:
		case at+1+n <= room:
			dst = append(dst, ' ')
			at++
		default:
			dst = append(append(dst, '\n'), indent...)
			at = len(indent)
		}
		if at+n <= room {
			dst = append(dst, word...)
			at += n
			continue
		}
		for j, part := range strings.SplitAfter(word, ",") {
			n := cells(part)
			if j > 0 && at+n > room {
				dst = append(append(dst, '\n'), indent...)
				at = len(indent)
			}
			dst = append(dst, part...)
			at += n
		}
	}
	return append(dst, '\n')
}

// cells is the width of s on a terminal.
func cells(s string) int { return displaywidth.String(s) }
