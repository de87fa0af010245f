package tasks

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"fleet/internal/lang"
	"fleet/inventory"
)

// call makes the action of a step, with its guards.
func (m *maker) call(x *stepExprs) *Call {
	c := &Call{Guards: m.guards(x)}
	if user, ok := m.user(x.attrs["become"]); ok {
		c.Become = user
	}
	switch x.Kind {
	case "wait":
		c.Action = m.wait(x)
	case tunnelKind:
		c.Action = m.tunnel(x)
	case "copy":
		c.Action = m.copy(x)
	case "template":
		c.Action = m.template(x)
	case "fetch":
		c.Action = m.fetch(x)
	case "sync":
		c.Action = m.sync(x)
	default:
		c.Action = m.command(x)
	}
	if c.Late = m.late; c.Late {
		c.Action = nil
	}
	if c.Private, c.Secrets = m.private, m.secrets; x.all.step && !m.late {
		m.findSecrets(c)
	}
	return c
}

// findSecrets looks for texts in c that came out of what a step has printed, and
// may not be shown all the same.
func (m *maker) findSecrets(c *Call) {
	var texts []string
	for _, g := range c.Guards {
		texts = append(texts, g.Text)
	}
	switch a := c.Action.(type) {
	case *Command:
		texts = append(append(texts, a.Script, a.Dir, a.Stdin), a.Env...)
	case *Wait:
		texts = append(texts, a.Address, a.Path, a.URL)
	case *Tunnel:
		texts = append(texts, a.Rule.Listen.Address, a.Rule.To.Address)
	case *Copy:
		texts = append(texts, a.Source, string(a.Content), a.Destination, a.Validate)
	case *fetching:
		texts = append(append(texts, a.Source, a.Destination), a.Exclude...)
	case *Sync:
		texts = append(append(texts, a.Source, a.Destination), a.Exclude...)
	}
	for _, text := range texts {
		if found := m.host.tells(text); len(found) > 0 {
			c.Private, c.Secrets = true, union(c.Secrets, found)
		}
	}
}

// guards are those of a step that are known.
func (m *maker) guards(x *stepExprs) []Guard {
	var out []Guard
	for _, kind := range []string{"creates", "removes", "unless", "only_if"} {
		e := x.attrs[kind]
		text, ok := m.text(e)
		if !ok {
			continue
		}
		if strings.TrimSpace(text) == "" {
			m.fail(e, "Invalid value", "%s is empty. For no guard, leave it out, or let it be null.", kind)
			continue
		}
		out = append(out, Guard{kind, text})
	}
	return out
}

// user is the user to become. The name is shown.
func (m *maker) user(e *expr) (name string, ok bool) {
	if e == nil {
		return "", false
	}
	ok = m.shown(e, func(m *maker) (ok bool) {
		name, ok = m.text(e)
		return ok
	})
	if ok && !inventory.ValidUser(name) {
		m.fail(e, "Invalid value", "%s is %q, which is no login name.", e.name, name)
		return "", false
	}
	return name, ok
}

func (m *maker) command(x *stepExprs) Action {
	a := &Command{Env: m.env(x.attrs["env"])}
	switch x.Kind {
	case "argv":
		a.Script = m.argv(x.attrs["argv"])
	case "script":
		a.Script, a.Interpreter = m.script(x.attrs["script"])
	default:
		a.Script, _ = m.required(x.attrs["command"])
	}
	a.Dir, _ = m.text(x.attrs["cwd"])
	a.Stdin, a.HasStdin = m.text(x.attrs["stdin"])
	return a
}

// script is the text of a script, and what runs it.
func (m *maker) script(e *expr) (string, []string) {
	text, ok := m.required(e)
	if !ok {
		return "", nil
	}
	text = strings.TrimPrefix(text, "\ufeff")
	if WindowsLines(text) {
		m.fail(e, "Invalid value", "The lines of the script end as on Windows (CR LF), and a shell takes the CR for a part of them. tr -d '\\r' makes them plain.")
	}
	return text, Interpreter(text)
}

// argv is a command of exactly the given words.
func (m *maker) argv(e *expr) string {
	v, ok := m.value(e, cty.DynamicPseudoType)
	if !ok {
		return ""
	}
	v, _ = v.UnmarkDeep()
	if ty := v.Type(); v.IsNull() || !ty.IsListType() && !ty.IsTupleType() {
		m.fail(e, "Invalid value", "argv must be a list of texts: the program and its arguments.")
		return ""
	}
	words := make([]string, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		word, err := convert.Convert(element, cty.String)
		switch {
		case err != nil || word.IsNull():
			m.fail(e, "Invalid value", "Element %d of argv is no text.", len(words))
			return ""
		case !m.isKnown(e, word):
			return ""
		}
		words = append(words, word.AsString())
	}
	command := exactly(words)
	switch {
	case len(words) == 0 || words[0] == "":
		m.fail(e, "Invalid value", "argv names no program.")
	case strings.IndexByte(command, 0) >= 0:
		m.fail(e, "Invalid value", "argv has a zero byte in it, which no command can be given.")
	}
	return command
}

// exactly is the shell command that has these words. A first word that the shell
// has a meaning for is quoted, so that it is a program's name.
func exactly(words []string) string {
	command := lang.ShellQuote(words...)
	if len(words) > 0 && isReserved(words[0]) {
		command = "'" + words[0] + "'" + command[len(words[0]):]
	}
	return command
}

// isReserved are the reserved words of POSIX shells, and of common others.
func isReserved(word string) bool {
	switch word {
	case "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while",
		"function", "select", "time", "coproc", "repeat", "foreach", "end", "nocorrect", "noglob":
		return true
	}
	return false
}

// env is the environment of a command, sorted by name. An element that is null is
// left out.
func (m *maker) env(e *expr) []string {
	v, ok := m.value(e, cty.DynamicPseudoType)
	if !ok {
		return nil
	}
	if v, _ = v.UnmarkDeep(); v.IsNull() {
		return nil
	}
	if ty := v.Type(); !ty.IsMapType() && !ty.IsObjectType() {
		m.fail(e, "Invalid value", "env must be an object, as in { NAME = \"value\" }.")
		return nil
	}
	var out []string
	for it := v.ElementIterator(); it.Next(); {
		k, element := it.Element()
		if text, ok := m.variable(e, k.AsString(), element); ok {
			out = append(out, k.AsString()+"="+text)
		}
	}
	slices.Sort(out)
	return out
}

// variable is the value of one environment variable.
func (m *maker) variable(e *expr, name string, v cty.Value) (string, bool) {
	if !isVariable(name) {
		if m.private {
			name = "..."
		}
		m.fail(e, "Invalid value", "%q in env is no name for an environment variable: letters, digits and _, and no digit first.", name)
		return "", false
	}
	text, err := convert.Convert(v, cty.String)
	switch {
	case err != nil:
		m.fail(e, "Invalid value", "env.%s must be a text, a number, true or false; jsonencode() makes a text of anything.", name)
		return "", false
	case text.IsKnown() && text.IsNull():
		return "", false
	case !m.isKnown(e, text):
		return "", false
	case strings.IndexByte(text.AsString(), 0) >= 0:
		m.fail(e, "Invalid value", "env.%s has a zero byte in it, which no command can be given.", name)
		return "", false
	}
	if secret, alone := e.alone[name]; alone {
		return m.scope.Secret(secret)
	}
	return text.AsString(), true
}

func isVariable(name string) bool {
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

func (m *maker) wait(x *stepExprs) Action {
	a := &Wait{Timeout: x.late.waitTimeout, Delay: x.late.waitDelay}
	switch {
	case x.attrs["wait.port"] != nil:
		a.Address = m.address(x)
	case x.attrs["wait.path"] != nil:
		a.Path, _ = m.required(x.attrs["wait.path"])
	default:
		a.URL = m.url(x.attrs["wait.http"])
	}
	return a
}

// address is where a port is waited for.
func (m *maker) address(x *stepExprs) string {
	e := x.attrs["wait.port"]
	v, ok := m.value(e, cty.Number)
	host, given := m.text(x.attrs["wait.host"])
	if !ok {
		return ""
	}
	if v, _ = v.Unmark(); v.IsNull() {
		m.fail(e, "Invalid value", "wait.port is null.")
		return ""
	}
	port, accuracy := v.AsBigFloat().Int64()
	if accuracy != 0 || port < 1 || port > 65535 {
		m.fail(e, "Invalid value", "wait.port must be a whole number from 1 to 65535.")
		return ""
	}
	if !given {
		host = "localhost"
	}
	if host == "" || strings.ContainsAny(host, " \t\r\n/'\"`$\\;&|<>()") || host[0] == '-' {
		m.fail(x.attrs["wait.host"], "Invalid value", "wait.host is no name or address of a host.")
		return ""
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.FormatInt(port, 10))
}

// url is where an answer is waited for.
func (m *maker) url(e *expr) string {
	text, ok := m.required(e)
	if !ok {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(text, " \t\r\n'\"\\") {
		m.fail(e, "Invalid value", "wait.http must be a URL such as http://localhost:8080/health, as seen from the host.")
		return ""
	}
	return text
}
