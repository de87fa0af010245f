package nodeset

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// term reads one term.
func (p *parser) term() (node, *flaw) {
	start := p.pos
	if p.in[start] == '/' {
		return p.regexp()
	}
	eq, f := p.word()
	if f != nil {
		return node{}, f
	}
	t := &Term{Kind: Name, Text: p.in[start:p.pos], Pos: p.column(start)}
	if eq >= 0 {
		f = t.label(start, eq)
	} else if t.Text[0] == '@' {
		t.Kind = Group
	} else if strings.ContainsAny(t.Text, "*?") {
		t.Kind = Glob
	}
	if f != nil {
		return node{}, f
	}
	return p.sized(t, start)
}

// sized expands what has ranges and adds the term to the size of the expression.
func (p *parser) sized(t *Term, start int) (node, *flaw) {
	n, size := node{term: t}, 1
	switch t.Kind {
	case Name, Glob, Group:
		text, base := t.Text, start
		if t.Kind == Group {
			text, base = text[1:], base+1
		}
		f := checkName(text, t.Kind)
		if f == nil && (strings.IndexByte(text, '[') >= 0 || len(text) > maxName) {
			n.pat, f = parsePattern(text)
		}
		if f != nil {
			f.at += base
			return node{}, f
		}
		if n.pat != nil {
			size = n.pat.size
		}
	}
	if p.size += size; p.size > MaxSize {
		f := tooMany(start)
		f.msg = "up to here, " + f.msg
		return node{}, f
	}
	return n, nil
}

// word passes over a term that is not a regular expression. It returns the byte
// offset of the "=" or "!=" of a label, or -1.
func (p *parser) word() (eq int, f *flaw) {
	eq = -1
	for {
		c, ok := p.peek()
		switch {
		case !ok || isSpace(c) || c == '(' || c == ')':
			return eq, nil
		case c == '[':
			n := strings.IndexAny(p.in[p.pos+1:], "[]")
			if n < 0 || p.in[p.pos+1+n] == '[' {
				return eq, &flaw{p.pos, `this "[" is never closed`, ""}
			}
			p.pos += n + 1
		case c == ']':
			return eq, &flaw{p.pos, `this "]" was never opened`, ""}
		case eq < 0 && (c == '=' || strings.HasPrefix(p.in[p.pos:], "!=")):
			eq = p.pos
			if c == '!' {
				p.pos++
			}
		case isOperator(c):
			return eq, nil
		}
		p.pos++
	}
}

// label splits the term at the operator, which stands at byte offset eq of the
// expression.
func (t *Term) label(start, eq int) *flaw {
	t.Kind, t.Op = Label, "="
	if t.Text[eq-start] == '!' {
		t.Op = "!="
	}
	t.Key, t.Value = t.Text[:eq-start], t.Text[eq-start+len(t.Op):]
	switch {
	case t.Key == "" || t.Value == "" || t.Value[0] == '=':
		return &flaw{start, fmt.Sprintf("%q is not a label", clip(t.Text)), "write dc=ams or tier!=db, with one = and no spaces"}
	case !isKey(t.Key):
		return &flaw{start, fmt.Sprintf("%q cannot be the key of a label", clip(t.Key)), "keys are letters, digits, dots, dashes and underscores"}
	}
	if i := strings.IndexFunc(t.Value, func(r rune) bool {
		return !unicode.IsGraphic(r) || r == utf8.RuneError || strings.ContainsRune("[]'\"`\\", r)
	}); i >= 0 {
		f := badRune(t.Value, i, "the value of a label")
		f.at += eq + len(t.Op)
		return f
	}
	return nil
}

func isKey(s string) bool {
	for i, r := range s {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !unicode.IsDigit(r) && r != '.' && r != '-') {
			return false
		}
	}
	return true
}

// checkName checks the characters of a name outside brackets.
func checkName(s string, k Kind) *flaw {
	allowed, what := "-_.:@%+~", "a "+string(k)
	switch k {
	case Glob:
		allowed += "*?"
	case Group:
		allowed, what = "-_.:/+*?", "a group name"
	}
	if s != "" && s[0] == '-' {
		return &flaw{0, `a name cannot begin with "-"`, "to leave hosts out, write web[1-9]!web7"}
	}
	inside, solid := false, false
	for i, r := range s {
		switch {
		case r == '[' || r == ']':
			inside, solid = r == '[', true
		case inside:
		case r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '*' || r == '?':
			solid = true
		}
		if !inside && r != ']' && !isNameRune(r, allowed) {
			return badRune(s, i, what)
		}
	}
	if !solid {
		return &flaw{0, what + " needs a letter or a digit", ""}
	}
	return nil
}

func isNameRune(r rune, allowed string) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune(allowed, r))
}

// badRune complains about the character at s[i:].
func badRune(s string, i int, what string) *flaw {
	r, n := utf8.DecodeRuneInString(s[i:])
	f := &flaw{at: i, msg: fmt.Sprintf("%q cannot be part of %s", s[i:i+n], what)}
	switch r {
	case '\'', '"', '`':
		f.hint = "leave the quotes out"
	case '|', ';':
		f.hint = "join names with a comma"
	case '{', '}':
		f.hint = "write web[1-3], or a,b"
	case '[', ']':
		f.hint = "use * or ?, or several labels"
	}
	return f
}
