package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"fleet/internal/term"
)

// hostileGraph has in its names what means something to those who draw it. An
// inventory refuses such names; a graph does not count on that.
func hostileGraph() *graph {
	texts := []string{`say "hi"`, `back\slash\`, "new\nline", "esc\x1b[2J", `</text><script>`, "end", "a;b#1", "`md`", "日本", ""}
	g := &graph{}
	for i, text := range texts {
		g.nodes = append(g.nodes, graphNode{"group " + text, nodeKind(i % 5), []string{text, "2 hosts", text}})
		g.edges = append(g.edges, graphEdge{"group " + texts[0], "group " + text})
	}
	return g
}

// dotToken is a token of the language of Graphviz, as far as it is used here.
var dotToken = regexp.MustCompile(`^(?:\s+|"((?:[^"\\]|\\.)*)"|->|[A-Za-z_]\w*|\d+|[{}\[\]=,])`)

// parseDOT reads a graph back: the labels of its nodes, and its edges.
func parseDOT(t *testing.T, text string) (labels map[string]string, edges []graphEdge) {
	t.Helper()
	var tokens []string
	for rest := text; rest != ""; {
		found := dotToken.FindString(rest)
		if found == "" {
			t.Fatalf("no token of dot: %q", rest[:min(len(rest), 40)])
		}
		rest = rest[len(found):]
		if strings.TrimSpace(found) != "" {
			tokens = append(tokens, found)
		}
	}
	next := func() string {
		if len(tokens) == 0 {
			t.Fatal("the text ends too early")
		}
		first := tokens[0]
		tokens = tokens[1:]
		return first
	}
	want := func(words ...string) {
		for _, w := range words {
			if got := next(); got != w {
				t.Fatalf("%q, not %q", got, w)
			}
		}
	}
	attributes := func() map[string]string {
		out := map[string]string{}
		for sep := "["; sep != "]"; {
			want(sep)
			name := next()
			want("=")
			out[name] = next()
			sep = tokens[0]
		}
		want("]")
		return out
	}
	labels = map[string]string{}
	want("digraph", "fleet", "{", "rankdir", "=", "LR", "node")
	attributes()
	for id := next(); id != "}"; id = next() {
		if tokens[0] == "->" {
			want("->")
			edges = append(edges, graphEdge{unquoteDOT(id), unquoteDOT(next())})
			continue
		}
		labels[unquoteDOT(id)] = unquoteDOT(attributes()["label"])
	}
	if len(tokens) > 0 {
		t.Fatalf("after the end: %q", tokens)
	}
	return labels, edges
}

func unquoteDOT(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(s[1 : len(s)-1])
}

func TestDOTSaysWhatTheGraphSays(t *testing.T) {
	g := hostileGraph()
	var b strings.Builder
	if err := g.writeDOT(&b); err != nil {
		t.Fatal(err)
	}
	labels, edges := parseDOT(t, b.String())
	if len(labels) != len(g.nodes) || len(edges) != len(g.edges) {
		t.Fatalf("%d nodes and %d edges of %d and %d:\n%s", len(labels), len(edges), len(g.nodes), len(g.edges), b.String())
	}
	for _, n := range g.nodes {
		line := term.Clean(n.lines[0])
		if got, want := labels[term.Clean(n.id)], line+"\n2 hosts\n"+line; got != want {
			t.Errorf("the label of %q is %q, not %q", n.id, got, want)
		}
	}
	for i, e := range g.edges {
		if edges[i] != (graphEdge{term.Clean(e.from), term.Clean(e.to)}) {
			t.Errorf("%v is %v", e, edges[i])
		}
	}
}

func TestMermaidSaysWhatTheGraphSays(t *testing.T) {
	g := hostileGraph()
	var b strings.Builder
	if err := g.writeMermaid(&b); err != nil {
		t.Fatal(err)
	}
	node := regexp.MustCompile(`^  n(\d+)(?:\[|\[\[|\[\(|\(|\(\[)"([^"]*)"(?:\]|\]\]|\)\]|\)|\]\))$`)
	edge := regexp.MustCompile(`^  n\d+ --> n\d+$`)
	number := regexp.MustCompile(`#(\d+);`)
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if lines[0] != "flowchart LR" || len(lines) != 1+len(g.nodes)+len(g.edges) {
		t.Fatalf("the text is\n%s", b.String())
	}
	for i, n := range g.nodes {
		m := node.FindStringSubmatch(lines[1+i])
		if m == nil || m[1] != strconv.Itoa(i+1) {
			t.Fatalf("no node: %s", lines[1+i])
		}
		if strings.ContainsAny(strings.ReplaceAll(m[2], "<br/>", ""), "<>`\\") {
			t.Errorf("not escaped: %s", m[2])
		}
		label := number.ReplaceAllStringFunc(strings.ReplaceAll(m[2], "<br/>", "\n"), func(s string) string {
			r, _ := strconv.Atoi(s[1 : len(s)-1])
			return string(rune(r))
		})
		line := term.Clean(n.lines[0])
		if want := fmt.Sprintf("%s\n2 hosts\n%s", line, line); label != want {
			t.Errorf("the label is %q, not %q", label, want)
		}
	}
	for _, line := range lines[1+len(g.nodes):] {
		if !edge.MatchString(line) {
			t.Errorf("no edge: %s", line)
		}
	}
}
