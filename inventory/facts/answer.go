package facts

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// The bounds of an answer, in bytes.
const (
	maxAnswer = 16 << 10
	maxText   = 256
)

// Type is the type of a host's facts.
func Type() cty.Type {
	return cty.Object(map[string]cty.Type{
		"os":             cty.String,
		"arch":           cty.String,
		"kernel":         cty.String,
		"hostname":       cty.String,
		"distro":         cty.String,
		"distro_version": cty.String,
		"cpus":           cty.Number,
		"memory":         cty.Number,
	})
}

// parse makes facts of what the probe printed. Of a name that is there twice the
// last one counts: what a start-up file prints comes first.
func parse(answer string) cty.Value {
	lines := map[string]string{}
	for line := range strings.Lines(answer) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "="); ok {
			lines[name] = value
		}
	}
	return cty.ObjectVal(map[string]cty.Value{
		"os":             text(strings.ToLower(lines["os"])),
		"arch":           text(lines["arch"]),
		"kernel":         text(lines["kernel"]),
		"hostname":       text(lines["hostname"]),
		"distro":         text(strings.ToLower(unquote(lines["distro"]))),
		"distro_version": text(unquote(lines["distro_version"])),
		"cpus":           number(lines["cpus"], 1),
		"memory":         memory(lines),
	})
}

// text is a fact that is a text; null where it is empty or no text.
func text(s string) cty.Value {
	s = strings.TrimSpace(s)
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if s == "" || len(s) > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, odd) {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(s)
}

// unquote takes the quotes off a value of os-release, which is written as in a
// shell.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// number is a fact that is a count, in units of so many; null where it is none.
func number(s string, unit int64) cty.Value {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < unit {
		return cty.NullVal(cty.Number)
	}
	return cty.NumberIntVal(n / unit)
}

// memory is MiB: Linux says KiB, others say bytes.
func memory(lines map[string]string) cty.Value {
	if s, ok := lines["memory_kib"]; ok {
		return number(s, 1<<10)
	}
	return number(lines["memory_bytes"], 1<<20)
}

// errFull stops a host that prints more than an answer has.
var errFull = errors.New("the answer is too long")

// A bounded keeps the first bytes of an answer.
type bounded struct {
	text []byte
	full bool
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), maxAnswer-len(b.text))
	b.text = append(b.text, p[:n]...)
	if n < len(p) {
		b.full = true
		return n, errFull
	}
	return n, nil
}
