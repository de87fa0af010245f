package transfer

import (
	"errors"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// wildcards turns one name of a gitignore pattern into a pattern of doublestar's,
// which has braces besides, and no named classes.
func wildcards(part string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		switch c := part[i]; c {
		case '{', '}':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\\':
			if i++; i == len(part) {
				return "", errors.New(`ends with a backslash that stands before nothing; hint: write \\ for one backslash`)
			}
			b.WriteByte('\\')
			b.WriteByte(part[i])
		case '[':
			class, length, err := bracket(part[i:])
			if err != nil {
				return "", err
			}
			b.WriteString(class)
			i += length - 1
		default:
			b.WriteByte(c)
		}
	}
	if !doublestar.ValidatePattern(b.String()) {
		return "", errors.New("is not a pattern")
	}
	return b.String(), nil
}

// bracket translates the bracket expression that s begins with, and tells how long
// it is there.
func bracket(s string) (class string, length int, err error) {
	var b strings.Builder
	i := 1
	b.WriteByte('[')
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		b.WriteByte('^')
		i++
	}
	for first := true; i < len(s); first = false {
		switch c := s[i]; {
		case c == ']' && !first:
			b.WriteByte(']')
			return b.String(), i + 1, nil
		case c == '\\' && i+1 < len(s):
			b.WriteString(s[i : i+2])
			i += 2
		case strings.HasPrefix(s[i:], "[:"):
			name, _, closed := strings.Cut(s[i+2:], ":]")
			members := namedClass(name)
			if !closed || members == "" {
				return "", 0, errors.New("has a class of characters that nobody knows; hint: [:alpha:], [:digit:], [:space:] and so on are known")
			}
			b.WriteString(members)
			i += len("[:" + name + ":]")
		case strings.IndexByte("[]{}^!", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
			i++
		default:
			b.WriteByte(c)
			i++
		}
	}
	return "", 0, errors.New(`has a "[" without its "]"; hint: write \[ for the character itself`)
}

// namedClass is what the POSIX class name holds, as in the C locale.
func namedClass(name string) string {
	switch name {
	case "alnum":
		return "a-zA-Z0-9"
	case "alpha":
		return "a-zA-Z"
	case "blank":
		return " \t"
	case "cntrl":
		return "\x01-\x1f\x7f"
	case "digit":
		return "0-9"
	case "graph":
		return "\\!-~"
	case "lower":
		return "a-z"
	case "print":
		return " -~"
	case "punct":
		return "\\!-/:-@\\[-`\\{-~"
	case "space":
		return " \t-\r"
	case "upper":
		return "A-Z"
	case "xdigit":
		return "0-9a-fA-F"
	}
	return ""
}
