package reference

import (
	"bytes"
	"fmt"
	"strings"

	"fleet/internal/lang"
)

const intro = `# Reference of the language

<!-- Made from the definitions in the code by: go test ./internal/reference -update -->

Every block and attribute of project files. [Inventories](inventory.md) tells what they are good for. In the JSON twin
(` + "`*.fleet.json`" + `) a block is an object, with its labels as keys around it; [fleet.schema.json](fleet.schema.json) lets editors check it.

A *duration* is a text such as ` + "`\"10s\"`" + ` or ` + "`\"5m\"`" + `. Where a list of texts is wanted, a single text will do.
`

// Page is the reference for people, in Markdown.
func Page(defs []*lang.BlockDef) []byte {
	var b bytes.Buffer
	b.WriteString(intro)
	for _, def := range defs {
		section(&b, def, "##", header(def))
	}
	return b.Bytes()
}

// section writes about a block, and about those inside that have no section of
// their own.
func section(b *bytes.Buffer, def *lang.BlockDef, level, title string) {
	fmt.Fprintf(b, "\n%s %s\n\n%s\n", level, title, def.Doc)
	if len(def.Attrs) > 0 {
		b.WriteString("\n| attribute | type | what it says |\n|---|---|---|\n")
		for _, a := range def.Attrs {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", a.Name, a.Type, about(&a))
		}
	}
	if level == "##" {
		for _, inner := range def.Blocks {
			if inner.Type == "connection" {
				b.WriteString("\nIt may have a [connection](#connection) block.\n")
				continue
			}
			section(b, inner, "###", header(inner)+" in "+def.Type)
		}
	}
	if def.Example != "" {
		fmt.Fprintf(b, "\n```hcl\n%s\n```\n", def.Example)
	}
}

// header is how the block begins: source "exec" "NAME".
func header(def *lang.BlockDef) string {
	s := def.Type
	if def.Kind != "" {
		s += fmt.Sprintf(" %q", def.Kind)
	}
	for _, l := range def.Labels {
		s += fmt.Sprintf(" %q", strings.ToUpper(l))
	}
	return s
}

func about(a *lang.AttrDef) string {
	s := a.Doc
	if len(a.Words) > 0 {
		s += " One of `" + strings.Join(a.Words, "`, `") + "`."
	}
	switch {
	case a.Required:
		s += " **Required.**"
	case a.Default != "":
		s += " Default: " + a.Default + "."
	}
	return s
}
