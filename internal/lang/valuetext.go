package lang

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// maxRendered bounds the text of a value, in bytes.
const maxRendered = 4 << 20

// Render writes a value in HCL, as `terraform console` does: collections say
// what they are, what may not be shown or is not known yet stands in
// parentheses.
func Render(v cty.Value) string {
	r := &renderer{}
	r.value(v, 0)
	if r.out.Len() > maxRendered {
		return r.out.String()[:maxRendered] + "\n(and more)"
	}
	return r.out.String()
}

type renderer struct {
	out     strings.Builder
	heredoc bool // what was written last
}

func (r *renderer) value(v cty.Value, depth int) {
	if r.out.Len() > maxRendered {
		return
	}
	r.heredoc = false
	switch ty := v.Type(); {
	case v.IsMarked():
		r.out.WriteString("(sensitive value)")
	case !v.IsKnown():
		r.out.WriteString("(known after run)")
	case v.IsNull():
		r.out.WriteString(renderedNull(ty))
	case ty == cty.String:
		r.text(v.AsString(), depth)
	case ty == cty.Number:
		r.out.WriteString(v.AsBigFloat().Text('f', -1))
	case ty == cty.Bool:
		fmt.Fprintf(&r.out, "%t", v.True())
	case ty.IsListType():
		r.wrapped("tolist(", v, depth)
	case ty.IsSetType():
		r.wrapped("toset(", v, depth)
	case ty.IsMapType():
		r.wrapped("tomap(", v, depth)
	case ty.IsTupleType():
		r.list(v, depth)
	case ty.IsObjectType():
		r.object(v, depth)
	default:
		fmt.Fprintf(&r.out, "(%s)", ty.FriendlyName())
	}
}

func renderedNull(ty cty.Type) string {
	switch ty {
	case cty.String:
		return "tostring(null)"
	case cty.Number:
		return "tonumber(null)"
	case cty.Bool:
		return "tobool(null)"
	}
	return "null"
}

func (r *renderer) wrapped(call string, v cty.Value, depth int) {
	r.out.WriteString(call)
	if v.Type().IsMapType() {
		r.object(v, depth)
	} else {
		r.list(v, depth)
	}
	r.out.WriteByte(')')
}

func (r *renderer) list(v cty.Value, depth int) {
	if v.LengthInt() == 0 {
		r.out.WriteString("[]")
		return
	}
	r.out.WriteString("[\n")
	for it := v.ElementIterator(); it.Next() && r.out.Len() <= maxRendered; {
		_, e := it.Element()
		r.indent(depth + 1)
		if r.value(e, depth+1); r.heredoc {
			r.out.WriteByte('\n') // its end stands alone on its line
			r.indent(depth + 1)
		}
		r.out.WriteString(",\n")
	}
	r.indent(depth)
	r.out.WriteByte(']')
	r.heredoc = false
}

func (r *renderer) object(v cty.Value, depth int) {
	if v.LengthInt() == 0 {
		r.out.WriteString("{}")
		return
	}
	r.out.WriteString("{\n")
	for it := v.ElementIterator(); it.Next() && r.out.Len() <= maxRendered; {
		k, e := it.Element()
		r.indent(depth + 1)
		r.out.WriteString(quoted(k.AsString()) + " = ")
		r.value(e, depth+1)
		r.out.WriteByte('\n')
	}
	r.indent(depth)
	r.out.WriteByte('}')
	r.heredoc = false
}

// text writes several lines as a heredoc, others between quotes.
func (r *renderer) text(s string, depth int) {
	lines := strings.Split(s, "\n")
	if len(lines) < 2 || s != strings.Map(printableOnly, s) {
		r.out.WriteString(quoted(s))
		return
	}
	end := "EOT"
	for strings.Contains(s, end) {
		end += "_"
	}
	r.out.WriteString("<<-" + end + "\n")
	literal := strings.NewReplacer("${", "$${", "%{", "%%{")
	for _, line := range lines {
		r.indent(depth)
		r.out.WriteString(literal.Replace(line) + "\n")
	}
	r.indent(depth)
	r.out.WriteString(end)
	r.heredoc = true
}

// printableOnly keeps what a heredoc can hold and a terminal can show.
func printableOnly(c rune) rune {
	if c == '\n' || c == '\t' {
		return c
	}
	if oneLine(string(c)) != string(c) {
		return -1
	}
	return c
}

// quoted is s as HCL writes it, without characters that act on a terminal.
func quoted(s string) string {
	var b strings.Builder
	for _, tok := range hclwrite.TokensForValue(cty.StringVal(s)) {
		if tok.Type == hclsyntax.TokenNewline {
			continue
		}
		b.Write(tok.Bytes)
	}
	return strings.Map(func(c rune) rune {
		if oneLine(string(c)) != string(c) {
			return '\uFFFD'
		}
		return c
	}, b.String())
}

func (r *renderer) indent(depth int) { r.out.WriteString(strings.Repeat("  ", depth)) }
