package reference

import (
	"bytes"
	"fmt"
	"strings"

	"fleet/internal/lang"
)

const intro = `# Reference of the language

<!-- Made from the definitions in the code by: go test ./internal/reference -update -->

Every block and attribute of project files. [Inventories](inventory.md) and [tasks](#task-name) are what they make. In the JSON twin
(` + "`*.fleet.json`" + `) a block is an object, with its labels as keys around it; [fleet.schema.json](fleet.schema.json) lets editors check it.

A *duration* is a text such as ` + "`\"10s\"`" + ` or ` + "`\"5m\"`" + `. Where a list of texts is wanted, a single text will do. A *size* is
a number of hosts, or a share of all hosts of the task such as ` + "`\"25%\"`" + `. An *address* to listen on is a port, which is on
127.0.0.1 then, an ` + "`\"address:port\"`" + `, or the path of a socket.
`

// Page is the reference for people, in Markdown.
func Page(defs []*lang.BlockDef) []byte {
	w := &pageWriter{titles: map[string]string{}}
	w.b.WriteString(intro)
	for _, def := range defs {
		w.titles[key(def)] = header(def)
	}
	for _, def := range defs {
		w.section(def, "##")
	}
	return w.b.Bytes()
}

// A pageWriter writes a page, and knows which blocks have a section.
type pageWriter struct {
	b      bytes.Buffer
	titles map[string]string
}

// key tells blocks apart: one of a name may mean something else elsewhere.
func key(def *lang.BlockDef) string { return header(def) + "\n" + def.Doc }

// section writes about a block, and about those inside that have no section yet.
func (w *pageWriter) section(def *lang.BlockDef, level string) {
	fmt.Fprintf(&w.b, "\n%s %s\n\n%s\n", level, w.titles[key(def)], def.Doc)
	if len(def.Attrs) > 0 {
		w.b.WriteString("\n| attribute | type | what it says |\n|---|---|---|\n")
		for _, a := range def.Attrs {
			fmt.Fprintf(&w.b, "| `%s` | %s | %s |\n", a.Name, a.Type, about(&a))
		}
	}
	var links []string
	var fresh []*lang.BlockDef
	for _, inner := range def.Blocks {
		if w.titles[key(inner)] == "" {
			w.titles[key(inner)] = header(inner) + " in " + def.Type
			fresh = append(fresh, inner)
		}
		links = append(links, fmt.Sprintf("[%s](#%s)", inner.Type, anchor(w.titles[key(inner)])))
	}
	if links != nil {
		fmt.Fprintf(&w.b, "\nBlocks in it: %s.\n", strings.Join(links, ", "))
	}
	if def.Example != "" {
		fmt.Fprintf(&w.b, "\n```hcl\n%s\n```\n", def.Example)
	}
	for _, inner := range fresh {
		w.section(inner, "###")
	}
}

// anchor is what a heading is called in links, as those who show Markdown do it.
func anchor(title string) string {
	return strings.NewReplacer(" ", "-", `"`, "").Replace(strings.ToLower(title))
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
