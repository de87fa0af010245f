package main

import (
	"fmt"
	"strings"
	"unicode"
)

// mostProposals bounds what Tab lists: more than a screen helps nobody.
const mostProposals = 200

// tab completes the word before the cursor as far as there is one way to; where
// there is none, it lists the ways.
func (x *lineEditor) tab(line string, pos int) (string, int, bool) {
	start := wordStart(line[:pos])
	word := line[start:pos]
	found := x.complete(word)
	if len(found) == 0 {
		return line, pos, true
	}
	longest := commonPrefix(found)
	if len(longest) <= len(word) {
		if len(found) > 1 {
			width, _ := x.size()
			fmt.Fprint(x.editor, columns(found[:min(len(found), mostProposals)], width))
			if more := len(found) - mostProposals; more > 0 {
				fmt.Fprintf(x.editor, "... and %d more\n", more)
			}
		}
		return line, pos, true
	}
	return line[:start] + longest + line[pos:], start + len(longest), true
}

// wordStart is where the name begins that text ends in. A name can have a dash in
// it, but not begin with one, nor with a number.
func wordStart(text string) int {
	at := strings.LastIndexFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
	}) + 1
	return len(text) - len(strings.TrimLeft(text[at:], "0123456789.-"))
}

// commonPrefix is what all words begin with.
func commonPrefix(words []string) string {
	prefix := words[0]
	for _, w := range words[1:] {
		for !strings.HasPrefix(w, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	return strings.ToValidUTF8(prefix, "")
}

// columns lays words out as ls does: down, then across.
func columns(words []string, width int) string {
	widest := 0
	for _, w := range words {
		widest = max(widest, len(w)+2)
	}
	across := max(width/max(widest, 1), 1)
	rows := (len(words) + across - 1) / across
	var b strings.Builder
	for row := range rows {
		var line strings.Builder
		for i := row; i < len(words); i += rows {
			fmt.Fprintf(&line, "%-*s", widest, words[i])
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
