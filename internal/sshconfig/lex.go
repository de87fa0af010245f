package sshconfig

import "strings"

const blanks = " \t\r\n"

// words takes words from the front of a line the way ssh splits off the
// keyword and splits a Match line: at white space or one "=", with double
// quotes that may begin inside a word and no escapes.
type words struct {
	rest string
	done bool
}

// next returns the next word. It is false at the end, and after a quote that is
// not closed.
func (w *words) next() (string, bool) {
	if w.done {
		return "", false
	}
	s := w.rest
	i := strings.IndexAny(s, blanks+`"=`)
	if i < 0 {
		w.rest, w.done = "", true
		return s, true
	}
	if s[i] == '"' {
		inner, rest, closed := strings.Cut(s[i+1:], `"`)
		if !closed {
			w.rest, w.done = "", true
			return "", false
		}
		w.rest = strings.TrimLeft(rest, blanks)
		return s[:i] + inner, true
	}
	w.rest = strings.TrimLeft(s[i+1:], blanks)
	if s[i] != '=' && strings.HasPrefix(w.rest, "=") {
		w.rest = strings.TrimLeft(w.rest[1:], blanks)
	}
	return s[:i], true
}

// keywordOf splits a line into its keyword, in lower case, and the rest. The
// keyword is empty for blank lines and comments.
func keywordOf(line string) (key, rest string) {
	if i := strings.IndexByte(line, 0); i >= 0 {
		line = line[:i]
	}
	line = strings.TrimRight(line, blanks+"\f")
	w := words{rest: line}
	key, ok := w.next()
	if ok && key == "" { // leading white space
		key, ok = w.next()
	}
	if !ok || key == "" || key[0] == '#' {
		return "", ""
	}
	return strings.ToLower(key), strings.TrimLeft(w.rest, blanks)
}

// splitArgs splits the arguments of a line: single and double quotes, which may
// begin inside a word; a backslash before a quote, a backslash or, outside
// quotes, a space; a comment where a word begins with "#". It is false when a
// quote is not closed.
func splitArgs(s string) ([]string, bool) {
	var args []string
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ', '\t':
			continue
		case '#':
			return args, true
		}
		arg, n, ok := splitArg(s[i:])
		if !ok {
			return nil, false
		}
		args = append(args, arg)
		i += n
	}
	return args, true
}

// splitArg reads the one argument s begins with, and its length.
func splitArg(s string) (arg string, n int, ok bool) {
	var b strings.Builder
	var quote byte
	for ; n < len(s); n++ {
		c := s[n]
		switch {
		case c == '\\' && n+1 < len(s) && escapable(s[n+1], quote):
			n++
			b.WriteByte(s[n])
		case quote == 0 && (c == ' ' || c == '\t'):
			return b.String(), n, true
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), n, quote == 0
}

func escapable(c, quote byte) bool {
	return c == '"' || c == '\'' || c == '\\' || quote == 0 && c == ' '
}
