package ansible

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"fleet/inventory/source"
)

// An iniReader reads an INI inventory line by line.
type iniReader struct {
	*loader
	at      source.Place
	section *regexp.Regexp
	name    *regexp.Regexp

	in    int32  // the group of the section
	kind  string // of the section: "hosts", "vars", "children" or, after a bad header, ""
	early map[string]*mention
	order []*mention
}

// A mention is a group that was named before its own section.
type mention struct {
	name    string
	at      source.Place
	parents []edge // where it is named as a child; none for [name:vars]
	done    bool
}

func (l *loader) ini(name string, text []byte) {
	r := &iniReader{
		loader:  l,
		at:      source.Place{File: name},
		section: regexp.MustCompile(`^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$`),
		name:    regexp.MustCompile(`^([^:\]\s]+)\s*(?:#.*)?$`),
		in:      ungrouped,
		kind:    "hosts",
		early:   map[string]*mention{},
	}
	for rest := string(text); rest != "" && !l.stopped() && l.values >= 0; {
		var line string
		line, rest = cutLine(rest)
		r.at.Line++
		r.line(strings.TrimSpace(line))
	}
	for _, m := range r.order {
		switch {
		case m.done:
		case m.parents == nil:
			l.fail(m.at, "Undefined group", "[%s:vars] gives variables to a group that has no section [%s] or [%s:children].", m.name, m.name, m.name)
		default:
			l.fail(m.at, "Undefined group", "%q is named as a child, and has no section [%s] or [%s:children].", m.name, m.name, m.name)
		}
	}
}

// cutLine cuts the first line off. Ansible has Python split the lines, for which
// there are more ends of lines than \n.
func cutLine(s string) (line, rest string) {
	i := strings.IndexAny(s, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
	if i < 0 {
		return s, ""
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	if strings.HasPrefix(s[i:], "\r\n") {
		n = 2
	}
	return s[:i], s[i+n:]
}

func (r *iniReader) line(line string) {
	if line == "" || line[0] == '#' || line[0] == ';' {
		return
	}
	if len(line) > maxLine {
		r.invalid("it is longer than 256 KiB")
		return
	}
	if !utf8.ValidString(line) {
		r.invalid("it is not in UTF-8")
		return
	}
	if m := r.section.FindStringSubmatch(line); m != nil {
		r.header(m[1], m[2])
		return
	}
	if line[0] == '[' && line[len(line)-1] == ']' {
		r.kind = ""
		r.invalid("a section begins with [name], [name:vars] or [name:children], without spaces")
		return
	}
	switch r.kind {
	case "hosts":
		r.host(line)
	case "vars":
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			// Not quoted: it may be half of a password.
			r.invalid("in a section of variables, each line is name = value")
			return
		}
		r.variable(strings.TrimSpace(name), strings.TrimSpace(value))
	case "children":
		if m := r.name.FindStringSubmatch(line); m != nil {
			r.child(m[1])
			return
		}
		r.invalid("in a section of children, each line is the name of a group")
	}
}

func (r *iniReader) invalid(why string) {
	r.fail(r.at, "Invalid inventory line", "The line cannot be read: %s.", why)
}

// header begins a section.
func (r *iniReader) header(name, kind string) {
	switch kind {
	case "":
		kind = "hosts"
	case "hosts", "vars", "children":
	default:
		r.kind = ""
		r.invalid("sections are [name], [name:vars] and [name:children]")
		return
	}
	if r.kind = kind; !r.groupName(name, r.at) {
		r.kind = ""
		return
	}
	_, known := r.model.groupIndex[name]
	r.in = r.model.group(name, r.at)
	m := r.early[name]
	switch {
	case !known && kind == "vars" && m == nil:
		r.mention(name, nil)
	case kind != "vars" && m != nil && !m.done:
		m.done = true
		for _, p := range m.parents {
			r.addChild(p.child, r.in, p.at)
		}
	}
}

// mention notes a group that has to come later in the file.
func (r *iniReader) mention(name string, parents []edge) {
	m := &mention{name: name, at: r.at, parents: parents}
	r.early[name] = m
	r.order = append(r.order, m)
}

// child names a group as a child of the group of the section.
func (r *iniReader) child(name string) {
	if i, ok := r.model.groupIndex[name]; ok {
		r.addChild(r.in, i, r.at)
		return
	}
	if !r.groupName(name, r.at) {
		return
	}
	here := edge{child: r.in, at: r.at} // the other end is to come
	if m := r.early[name]; m != nil {
		m.parents = append(m.parents, here)
		return
	}
	r.mention(name, []edge{here})
}

func (r *iniReader) variable(name, text string) {
	g := r.model.groups[r.in]
	v := r.literal(text)
	if name == "ansible_group_priority" {
		n, ok := wholeNumber(v)
		if !ok {
			r.fail(r.at, "Invalid inventory line", "ansible_group_priority must be a whole number.")
			return
		}
		g.priority = n
		return
	}
	g.setVar(name, source.Value{Value: v, At: r.at})
}

// literal reads a value, and takes what is in it off the values that may come.
func (r *iniReader) literal(text string) cty.Value {
	v, n := parseLiteral(text, r.values+1)
	if r.values -= n; r.values < 0 && r.values+n >= 0 {
		r.tooManyValues(r.at)
	}
	return v
}

// host reads a line of the kind: pattern name=value ...
func (r *iniReader) host(line string) {
	words, err := source.SplitWords(cutComment(line))
	if err != nil {
		r.invalid(err.Error())
		return
	}
	if len(words) == 0 || words[0] == "" {
		r.invalid("it begins with the name of a host")
		return
	}
	var vars []variable
	for i, w := range words[1:] {
		name, text, ok := strings.Cut(w, "=")
		if !ok {
			// Not quoted: it may be half of a password.
			r.fail(r.at, "Invalid inventory line", "After the host, variables are written name=value, and word %d has no \"=\". A value with spaces is put into quotes.", i+2)
			return
		}
		vars = append(vars, variable{name, source.Value{Value: r.literal(text), At: r.at}})
	}
	if words[0] == "---" {
		r.invalid("\"---\" begins a file in YAML, and this one is read as INI")
		return
	}
	r.addHosts(words[0], r.in, r.at, vars)
}

// cutComment cuts a comment off a line of words. It may begin within a word, as
// it does for Python's shlex.
func cutComment(line string) string {
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && quote != '\'':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '#':
			return line[:i]
		}
	}
	return line
}
