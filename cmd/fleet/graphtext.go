package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"fleet/internal/term"
)

// writeDOT writes g in the language of Graphviz.
func (g *graph) writeDOT(w io.Writer) error {
	shapes := map[nodeKind]string{
		nodeProtected: ", peripheries = 2",
		nodeSource:    ", shape = cylinder",
		nodeLoose:     ", style = dashed",
		nodeTask:      ", style = rounded",
		nodeTunnel:    ", shape = cds",
	}
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "digraph fleet {\n  rankdir = LR\n  node [shape = box]\n")
	for _, n := range g.nodes {
		fmt.Fprintf(out, "  %s [label = %s%s]\n", quoteDOT(n.id), quoteDOT(n.lines...), shapes[n.kind])
	}
	for _, e := range g.edges {
		fmt.Fprintf(out, "  %s -> %s\n", quoteDOT(e.from), quoteDOT(e.to))
	}
	fmt.Fprintln(out, "}")
	return out.Flush()
}

// quoteDOT writes lines as one quoted text. In it a backslash escapes a quote,
// and makes sense of some letters in a label.
func quoteDOT(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = escape.Replace(term.Clean(line))
	}
	return `"` + strings.Join(out, `\n`) + `"`
}

// writeMermaid writes g as a flowchart of Mermaid. Its ids are numbers, as some
// words, such as "end", are no ids there.
func (g *graph) writeMermaid(w io.Writer) error {
	shapes := map[nodeKind][2]string{
		nodeGroup:     {"[", "]"},
		nodeProtected: {"[[", "]]"},
		nodeSource:    {"[(", ")]"},
		nodeLoose:     {"(", ")"},
		nodeTask:      {"([", "])"},
		nodeTunnel:    {"{{", "}}"},
	}
	out := bufio.NewWriter(w)
	ids := make(map[string]string, len(g.nodes))
	fmt.Fprintln(out, "flowchart LR")
	for i, n := range g.nodes {
		ids[n.id] = fmt.Sprintf("n%d", i+1)
		shape := shapes[n.kind]
		fmt.Fprintf(out, "  %s%s%s%s\n", ids[n.id], shape[0], quoteMermaid(n.lines...), shape[1])
	}
	for _, e := range g.edges {
		fmt.Fprintf(out, "  %s --> %s\n", ids[e.from], ids[e.to])
	}
	return out.Flush()
}

// quoteMermaid writes lines as one quoted text, in which characters that mean
// something, to Mermaid or as HTML, are written as numbers.
func quoteMermaid(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, line := range lines {
		if i > 0 {
			b.WriteString("<br/>")
		}
		for _, r := range term.Clean(line) {
			if strings.ContainsRune("\"#&<>`\\;", r) {
				fmt.Fprintf(&b, "#%d;", r)
				continue
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
