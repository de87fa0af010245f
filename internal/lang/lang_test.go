package lang

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// project is one file in memory.
func project(t testing.TB, src string) (*Project, *Scope, hcl.Diagnostics) {
	t.Helper()
	p, _ := Parse(nil)
	f, all := p.parseSource("a.fleet.hcl", []byte(src))
	if f != nil {
		p.files = append(p.files, f)
	}
	_, diags := p.Decode()
	all = append(all, diags...)
	s, diags := p.NewScope(Inputs{LookupEnv: noEnv})
	return p, s, append(all, diags...)
}

// evalText evaluates an expression and gives the result as JSON, or the first
// error.
func evalText(t testing.TB, s *Scope, src string) string {
	t.Helper()
	e, diags := parseExpression([]byte(src), "expr", hcl.InitialPos)
	if diags.HasErrors() {
		return diags[0].Summary + ": " + diags[0].Detail
	}
	return evaluated(t, s, e)
}

func evaluated(t testing.TB, s *Scope, e hcl.Expression) string {
	t.Helper()
	v, diags := s.Eval(e, cty.DynamicPseudoType)
	if diags.HasErrors() {
		return diags[0].Summary + ": " + diags[0].Detail
	}
	v, marks := v.UnmarkDeep()
	if len(marks) > 0 {
		return "(sensitive)"
	}
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFunctions(t *testing.T) {
	_, s, diags := project(t, "variable \"pw\" {\n default = \"x\"\n sensitive = true\n}\nlocals { list = [1, 2, 3] }\n")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	tests := []struct{ expr, want string }{
		{`abs(-3)`, `3`},
		{`alltrue([true, false])`, `false`},
		{`alltrue([])`, `true`},
		{`anytrue([true, false])`, `true`},
		{`base64encode("hi")`, `"aGk="`},
		{`can(local.list[9])`, `false`},
		{`cidrhost("10.1.0.0/16", 5)`, `"10.1.0.5"`},
		{`coalesce(null, "a")`, `"a"`},
		{`distinct(["a", "b", "a"])`, `["a","b"]`},
		{`endswith("abc", "bc")`, `true`},
		{`flatten([[1], [2, [3]]])`, `[1,2,3]`},
		{`format("%s-%03d", "web", 7)`, `"web-007"`},
		{`formatlist("%s.x", ["a", "b"])`, `["a.x","b.x"]`},
		{`indent(2, "a\nb")`, `"a\n  b"`},
		{`join(",", ["a", "b"])`, `"a,b"`},
		{`jsondecode("{\"a\":[1]}").a[0]`, `1`},
		{`jsonencode({a = 1})`, `"{\"a\":1}"`},
		{`keys({b = 1, a = 2})`, `["a","b"]`},
		{`length("héé")`, `3`},
		{`length({a = 1})`, `1`},
		{`lookup({a = 1}, "b", 2)`, `2`},
		{`merge({a = 1}, {b = 2})`, `{"a":1,"b":2}`},
		{`one([])`, `null`},
		{`one(["a"])`, `"a"`},
		{`parseint("ff", 16)`, `255`},
		{`range(3)`, `[0,1,2]`},
		{`regex("[a-z]+", "12ab3")`, `"ab"`},
		{`replace("a.b.c", ".", "-")`, `"a-b-c"`},
		{`replace("a1b22", "/[0-9]+/", "#")`, `"a#b#"`},
		{`setproduct(["a", "b"], [1])`, `[["a",1],["b",1]]`},
		{`sha256("")`, `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`},
		{`split(",", "a,b")`, `["a","b"]`},
		{`startswith("abc", "b")`, `false`},
		{`strcontains("abc", "b")`, `true`},
		{`sum([1, 2.5])`, `3.5`},
		{`tolist(toset(["b", "a", "b"]))`, `["a","b"]`},
		{`try(local.list[9], "none")`, `"none"`},
		{`upper(var.pw)`, `(sensitive)`},
		{`nonsensitive(var.pw)`, `"x"`},
		{`sensitive("y")`, `(sensitive)`},
		{`length(var.pw)`, `(sensitive)`},
		{`[for x in local.list : x * 2 if x > 1]`, `[4,6]`},
		{`{for i, x in local.list : "k${i}" => x}`, `{"k0":1,"k1":2,"k2":3}`},
		{`"%{ for x in local.list }${x};%{ endfor }"`, `"1;2;3;"`},
		{`local.list[*]`, `[1,2,3]`},
		{`[{a = 1}, {a = 2}][*].a`, `[1,2]`},
		{`true ? [1] : [2, 3]`, `[1]`},
		{`-local.list[0] + 2 == 1 && !false`, `true`},
		{`nope("HOME")`, `Unknown function: There is no function "nope".`},
		{`one([1, 2])`, `Error in function call: Call to function "one" failed: a list of no or one element is required.`},
		{`sum(["x"])`, `Invalid function argument: Invalid value for "list" parameter: a number is required.`},
	}
	for _, tt := range tests {
		if got := evalText(t, s, tt.expr); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.expr, got, tt.want)
		}
	}
}

func TestJSONMeansTheSameAsHCL(t *testing.T) {
	p, _ := Parse(nil)
	f, diags := p.parseSource("a.fleet.json", []byte(`{
  "variable": {"n": {"type": "number", "default": 2}},
  "locals": {
    "text":   "n is ${var.n + 1}",
    "number": 1.5,
    "exact":  "${var.n}",
    "raw":    "$${x}",
    "list":   [1, "a", true, null, {"k${var.n}": ["${local.number}"]}]
  }
}`))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p.files = append(p.files, f)
	if _, diags = p.Decode(); diags.HasErrors() {
		t.Fatal(diags)
	}
	s, diags := p.NewScope(Inputs{LookupEnv: noEnv})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	got := evalText(t, s, "[local.text, local.number, local.exact, local.raw, local.list]")
	want := `["n is 3",1.5,2,"${x}",[1,"a",true,null,{"k2":[1.5]}]]`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLocalsInAnyOrder(t *testing.T) {
	var b strings.Builder
	b.WriteString("locals {\n")
	for i := 2000; i > 0; i-- {
		fmt.Fprintf(&b, "  v%d = local.v%d + 1\n", i, i-1)
	}
	b.WriteString("  v0 = 0\n}\n")
	_, s, diags := project(t, b.String())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if got := evalText(t, s, "local.v2000"); got != "2000" {
		t.Errorf("got %s", got)
	}
}

func TestAMistakeIsSaidOnce(t *testing.T) {
	p, _, diags := project(t, "locals {\n a = nope()\n b = local.a\n c = \"${local.b}x\"\n}\n")
	if ds := p.Diagnostics(diags); len(ds) != 1 {
		t.Errorf("%d diagnostics: %v", len(ds), ds)
	}
}

func TestManyDiagnosticsKeepAnError(t *testing.T) {
	p, _ := Parse(nil)
	var in hcl.Diagnostics
	for i := range maxDiagnostics + 50 {
		in = append(in, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "w", Detail: fmt.Sprint(i)})
	}
	in = append(in, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "e"})
	if ds := p.Diagnostics(in); len(ds) != maxDiagnostics+1 || !ds.HasErrors() {
		t.Errorf("%d diagnostics, errors: %v", len(ds), ds.HasErrors())
	}
}

func TestWriteJSON(t *testing.T) {
	p, _, diags := project(t, "variable \"port\" { default = [] }\n\nlocals {\n  x = var.port + 1\n}\n")
	var got bytes.Buffer
	if err := p.Diagnostics(diags).WriteJSON(&got); err != nil {
		t.Fatal(err)
	}
	want := `{
  "format_version": "1.0",
  "valid": false,
  "error_count": 1,
  "warning_count": 0,
  "diagnostics": [
    {
      "severity": "error",
      "summary": "Invalid operand",
      "detail": "Unsuitable value for left operand: number required, but have tuple.",
      "range": {
        "filename": "a.fleet.hcl",
        "start": {
          "line": 4,
          "column": 7,
          "byte": 49
        },
        "end": {
          "line": 4,
          "column": 15,
          "byte": 57
        }
      },
      "snippet": {
        "context": "locals",
        "code": "  x = var.port + 1",
        "start_line": 4,
        "highlight_start_offset": 6,
        "highlight_end_offset": 14,
        "values": [
          {
            "traversal": "var.port",
            "statement": "is a tuple with 0 elements"
          }
        ]
      }
    }
  ]
}
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
	got.Reset()
	if err := Diagnostics(nil).WriteJSON(&got); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.String(), `"diagnostics": []`) || !strings.Contains(got.String(), `"valid": true`) {
		t.Errorf("no diagnostics: %s", got.String())
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	long := "locals {\n\tx = \"" + strings.Repeat("日本", 100) + "\" + nope\n}\n"
	p, _, diags := project(t, long)
	for _, color := range []bool{false, true} {
		var got bytes.Buffer
		if err := p.Diagnostics(diags).WriteText(&got, TextOptions{Width: 50, Color: color}); err != nil {
			t.Fatal(err)
		}
		if color != strings.Contains(got.String(), red) {
			t.Errorf("color %v: %q", color, got.String())
		}
		if color {
			continue
		}
		lines := strings.Split(got.String(), "\n")
		source, caret := lines[3], lines[4]
		if !strings.Contains(source, "nope") || !strings.Contains(caret, "^^^^") || strings.Contains(caret, "^^^^^") {
			t.Errorf("place is not shown:\n%s\n%s", source, caret)
		}
	}
}

func TestSuggest(t *testing.T) {
	tests := []struct{ name, want string }{
		{"wbe", "web"}, {"web", ""}, {"wen", "web"}, {"databse", "database"}, {"xyz", ""}, {"w", ""}, {"", ""}, {"cahce", "cache"},
	}
	for _, tt := range tests {
		if got := Suggest(tt.name, []string{"web", "database", "cache"}); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := Suggest("web5", []string{"web9", "web4", "web6"}); got != "web4" {
		t.Errorf("equally near: got %q, want the first of the alphabet", got)
	}
}

func TestFormat(t *testing.T) {
	got, ds := Format([]byte("group \"web\" {\nhosts=[\"a\"]\n  labels   = { a=1 }\n}\n"), "a.fleet.hcl")
	want := "group \"web\" {\n  hosts  = [\"a\"]\n  labels = { a = 1 }\n}\n"
	if string(got) != want || len(ds) != 0 {
		t.Errorf("got %s %v", got, ds)
	}
	bad := []byte("group {\n")
	if got, ds = Format(bad, "a.fleet.hcl"); !bytes.Equal(got, bad) || !ds.HasErrors() {
		t.Errorf("a broken file: got %q %v", got, ds)
	}
}

func TestTypesOfVariables(t *testing.T) {
	const src = `
variable "server" {
  type = object({
    name = string
    port = optional(number, 22)
  })
}
variable "ports" {
  type    = map(number)
  default = { ssh = "22" }
}
`
	p, _ := Parse(nil)
	f, _ := p.parseSource("a.fleet.hcl", []byte(src))
	p.files = append(p.files, f)
	if _, diags := p.Decode(); diags.HasErrors() {
		t.Fatal(diags)
	}
	s, diags := p.NewScope(Inputs{LookupEnv: noEnv, Args: []VarArg{{Assign: `server={ name = "a" }`}}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if got := evalText(t, s, "[var.server.port, var.ports.ssh]"); got != "[22,22]" {
		t.Errorf("got %s", got)
	}
}
