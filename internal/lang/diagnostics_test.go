package lang

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/goldentest"
)

// Update writes what is found over what was expected; look at the difference
// before it is committed.
var update = flag.Bool("update", false, "write the expected diagnostics anew")

// Each archive is a project, and what is said about it in the file "want", as
// text and as JSON. The lines before the first file are inputs:
//
//	var: NAME=VALUE            --var
//	var-file: FILE             --var-file
//	env: NAME=VALUE
//	secret: NAME               a declared secret
//	path: PATH                 by default the folder
//	repeat: FILE COUNT "TEXT"  a file too large for an archive
//
// Blocks `greet` have an attribute "say", which is a text made for a host.
func TestDiagnostics(t *testing.T) {
	goldentest.Run(t, "testdata/diagnostics/*.txtar", *update, func(t *testing.T, comment string) string {
		paths, in := archiveInputs(t, comment)
		ds := diagnose(paths, in)
		var said strings.Builder
		if err := ds.WriteText(&said, TextOptions{Width: 76}); err != nil {
			t.Fatal(err)
		}
		said.WriteByte('\n')
		if err := ds.WriteJSON(&said); err != nil {
			t.Fatal(err)
		}
		return said.String()
	})
}

func archiveInputs(t *testing.T, comment string) (paths []string, in Inputs) {
	t.Helper()
	var env []string
	for line := range strings.Lines(comment) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), ": "); key {
		case "var":
			in.Args = append(in.Args, VarArg{Assign: value})
		case "var-file":
			in.Args = append(in.Args, VarArg{File: value})
		case "env":
			env = append(env, value)
		case "secret":
			in.Secrets = append(in.Secrets, value)
		case "path":
			paths = append(paths, value)
		case "repeat":
			var name, text string
			var n int
			if _, err := fmt.Sscanf(value, "%s %d %q", &name, &n, &text); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(name) // several lines make one file
			if err := os.WriteFile(name, append(before, strings.Repeat(text, n)...), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if paths == nil {
		paths = []string{"."}
	}
	in.LookupEnv = environ(env...)
	return paths, in
}

func diagnose(paths []string, in Inputs) Diagnostics {
	p, all := Parse(paths)
	blocks, diags := p.Decode(hcl.BlockHeaderSchema{Type: "greet"})
	all = append(all, diags...)
	s, diags := p.NewScope(in)
	all = append(all, diags...)
	s = s.ForHost(cty.ObjectVal(map[string]cty.Value{
		"name": cty.StringVal("web1"),
		"vars": cty.MapVal(map[string]cty.Value{"port": cty.NumberIntVal(80)}),
	}))
	for _, b := range blocks {
		content, diags := p.Content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "say"}}})
		all = append(all, diags...)
		if a := content.Attributes["say"]; a != nil {
			_, diags = s.Eval(a.Expr, cty.String)
			all = append(all, diags...)
		}
	}
	return p.Diagnostics(all)
}

// What is said is part of the language: every summary stands in an archive.
func TestEverySummaryHasAnArchive(t *testing.T) {
	elsewhere := map[string]string{
		"Too many problems":          "TestManyDiagnosticsKeepAnError",
		"Cannot evaluate expression": "TestAMistakeInFleetIsADiagnostic",
	}
	var shown strings.Builder
	files, err := filepath.Glob("testdata/diagnostics/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
	}
	for _, s := range summaries(t) {
		if elsewhere[s] == "" && !strings.Contains(shown.String(), "\"summary\": "+strconv.Quote(s)) {
			t.Errorf("no archive shows %q", s)
		}
	}
}

// summaries finds the summaries in the sources of the package.
func summaries(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[s] = true
		}
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Summary" {
					add(n.Value)
				}
			case *ast.AssignStmt:
				if sel, ok := n.Lhs[0].(*ast.SelectorExpr); ok && sel.Sel.Name == "Summary" {
					add(n.Rhs[0])
				}
			case *ast.ValueSpec:
				if n.Names[0].Name == "overBudgetSummary" {
					add(n.Values[0])
				}
			case *ast.CallExpr: // checkMember makes "Unknown " + its second argument
				if fn, ok := n.Fun.(*ast.Ident); ok && fn.Name == "checkMember" {
					if lit, ok := n.Args[1].(*ast.BasicLit); ok {
						add(&ast.BasicLit{Kind: token.STRING, Value: `"Unknown ` + strings.Trim(lit.Value, `"`) + `"`})
					}
				}
			}
			return true
		})
	}
	var out []string
	for s := range found {
		out = append(out, s)
	}
	if len(out) < 20 {
		t.Fatalf("only %d summaries found: %q", len(out), out)
	}
	return out
}

// A failing expression fails its evaluation, not the process.
type failing struct{ hcl.Expression }

func (failing) Range() hcl.Range { return hcl.Range{} }

func TestAMistakeInFleetIsADiagnostic(t *testing.T) {
	s := scopeOf(t, "", Inputs{})
	_, diags := s.Eval(failing{}, cty.String)
	if !diags.HasErrors() || diags[0].Summary != "Cannot evaluate expression" {
		t.Errorf("got %v", diags)
	}
}
