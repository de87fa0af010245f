package lang

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Sensitive marks a value that may not be shown, and all values made from it.
const Sensitive mark = "sensitive"

// mark is its own type so that no other package can make an equal mark by chance.
type mark string

// IsSensitive reports whether v, or any part of it, may not be shown.
func IsSensitive(v cty.Value) bool { return v.ContainsMarked() }

// hideSource is put into Diagnostic.Extra where the source line holds a secret.
type hideSource struct{}

// sourceText is put into Diagnostic.Extra where the source is no file of the
// project.
type sourceText []byte

func hidesSource(d *hcl.Diagnostic) bool {
	_, ok := d.Extra.(hideSource)
	return ok
}

// maxReferences bounds how many values one diagnostic tells about.
const maxReferences = 8

// references tells what the references in the diagnostic's expression stand for.
func references(d *hcl.Diagnostic) []Value {
	out := []Value{}
	if d.Expression == nil || d.EvalContext == nil {
		return out
	}
	seen := map[string]bool{}
	for _, t := range d.Expression.Variables() {
		name := traversalString(t)
		if seen[name] || len(out) == maxReferences {
			continue
		}
		seen[name] = true
		v, diags := t.TraverseAbs(d.EvalContext)
		if diags.HasErrors() {
			continue
		}
		if s := describe(v); s != "" {
			out = append(out, Value{Traversal: name, Statement: s})
		}
	}
	return out
}

// describe says what v is in a few words; empty when there is nothing to say.
func describe(v cty.Value) string {
	switch {
	case v.IsMarked():
		return "is a sensitive value"
	case v == cty.DynamicVal || !v.IsKnown():
		return ""
	case v.IsNull():
		return "is null"
	case v.Type() == cty.String:
		return "is " + strconv.Quote(shorten(v.AsString(), 60))
	case v.Type() == cty.Bool:
		return "is " + strconv.FormatBool(v.True())
	case v.Type() == cty.Number:
		return "is " + v.AsBigFloat().Text('g', 12)
	case v.Type().IsObjectType():
		n := len(v.Type().AttributeTypes())
		return fmt.Sprintf("is an object with %d %s", n, plural(n, "attribute"))
	case v.CanIterateElements():
		n := v.LengthInt()
		return fmt.Sprintf("is a %s with %d %s", shorten(v.Type().FriendlyName(), 40), n, plural(n, "element"))
	}
	return ""
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s[:min(len(s), 4*n)])[:n]) + "..."
}

// traversalString writes t as it stands in the source: var.list[0].name.
func traversalString(t hcl.Traversal) string {
	s := ""
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			s += step.Name
		case hcl.TraverseAttr:
			s += "." + step.Name
		case hcl.TraverseIndex:
			s += "[" + indexString(step.Key) + "]"
		}
		if len(s) > 200 {
			return s[:200] + "..."
		}
	}
	return s
}

func indexString(k cty.Value) string {
	switch {
	case k.IsMarked() || !k.IsKnown() || k.IsNull():
		return "..."
	case k.Type() == cty.String:
		return strconv.Quote(k.AsString())
	case k.Type() == cty.Number:
		return k.AsBigFloat().Text('g', 12)
	}
	return "..."
}
