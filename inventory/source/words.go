package source

import (
	"errors"
	"strings"
)

// SplitWords splits a line into words as a POSIX shell does, without expanding
// anything: blanks separate; single quotes keep all, double quotes keep all but
// a backslash before a double quote or a backslash; elsewhere a backslash keeps
// the character after it. It is Python's shlex.split, by which Ansible reads.
func SplitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\r', '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
			continue
		case '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			if end < 0 {
				return nil, errors.New("a quote is not closed")
			}
			word.WriteString(line[i+1 : i+1+end])
			i += end + 1
		case '"':
			end := quoted(&word, line[i+1:])
			if end < 0 {
				return nil, errors.New("a quote is not closed")
			}
			i += end + 1
		case '\\':
			if i++; i == len(line) {
				return nil, errors.New("there is nothing after the last backslash")
			}
			word.WriteByte(line[i])
		default:
			word.WriteByte(c)
		}
		inWord = true
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// quoted writes what s holds up to a double quote, and returns where that is;
// -1 without one.
func quoted(word *strings.Builder, s string) int {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return i
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		word.WriteByte(s[i])
	}
	return -1
}
