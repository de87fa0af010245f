package lang

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loaded is a folder of files, with a scope of it.
func loaded(t testing.TB, files map[string]string, in Inputs) (*Scope, Diagnostics) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range in.Args {
		if in.Args[i].File != "" {
			in.Args[i].File = filepath.Join(dir, in.Args[i].File)
		}
	}
	if in.LookupEnv == nil {
		in.LookupEnv = noEnv
	}
	p, all := Parse([]string{dir})
	_, diags := p.Decode()
	all = append(all, diags...)
	s, diags := p.NewScope(in)
	return s, p.Diagnostics(append(all, diags...))
}

func environ(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == name {
				return v, true
			}
		}
		return "", false
	}
}

func TestTheLastOriginOfAValueCounts(t *testing.T) {
	const declared = "variable \"x\" { default = \"default\" }\n"
	origins := []struct{ file, text string }{
		{"fleet.vars.hcl", "x = \"vars.hcl\"\n"},
		{"fleet.vars.json", `{"x": "vars.json"}`},
		{"a.auto.vars.json", `{"x": "a.json"}`},
		{"b.auto.vars.hcl", "x = \"b.hcl\"\n"},
		{"c.auto.vars.json", `{"x": "c.json"}`},
	}
	files := map[string]string{"a.fleet.hcl": declared, "given.hcl": "x = \"given\"\n", "given.json": `{"x": "given json"}`}
	check := func(want string, in Inputs) {
		t.Helper()
		s, ds := loaded(t, files, in)
		if len(ds) > 0 {
			t.Fatal(ds)
		}
		if got := evalText(t, s, "var.x"); got != `"`+want+`"` {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check("default", Inputs{})
	env := environ("FLEET_VAR_x=env", "FLEET_VAR_undeclared=1")
	check("env", Inputs{LookupEnv: env})
	for _, o := range origins {
		files[o.file] = o.text
		want := strings.Split(o.text, `"`)
		check(want[len(want)-2], Inputs{LookupEnv: env})
	}
	check("given", Inputs{LookupEnv: env, Args: []VarArg{{Assign: "x=a"}, {File: "given.hcl"}}})
	check("a=b", Inputs{LookupEnv: env, Args: []VarArg{{File: "given.hcl"}, {Assign: "x=a=b"}}})
	check("given json", Inputs{LookupEnv: env, Args: []VarArg{{Assign: "x=a"}, {File: "given.json"}}})
}

func TestTypesOfValues(t *testing.T) {
	tests := []struct {
		name, declaration string
		value             string // of --var; "-" for none
		want              string
	}{
		{"a text as it stands", `type = string`, `["a"]`, `"[\"a\"]"`},
		{"no type: a text", `description = "x"`, `["a"]`, `"[\"a\"]"`},
		{"any: an expression", `type = any`, `["a"]`, `["a"]`},
		{"a number", `type = number`, `2.50`, `2.5`},
		{"not a number", `type = number`, `two`, `Invalid value for variable`},
		{"a bool", `type = bool`, `true`, `true`},
		{"a list", `type = list(number)`, `[1, "2"]`, `[1,2]`},
		{"a set", `type = set(string)`, `["b", "a", "b"]`, `["a","b"]`},
		{"a map", `type = map(bool)`, `{a = true}`, `{"a":true}`},
		{"a tuple", `type = tuple([string, number])`, `["a", 1]`, `["a",1]`},
		{"not a list", `type = list(string)`, `a`, `Invalid value for variable`},
		{"a function in it", `type = list(string)`, `split(",", "a,b")`, `["a","b"]`},
		{"an object with what is left out", `type = object({ a = string, b = optional(number, 22), c = optional(string) })`, `{a = "x"}`, `{"a":"x","b":22,"c":null}`},
		{"nested defaults", `type = list(object({ p = optional(object({ n = optional(number, 5) }), {}) }))`, `[{}]`, `[{"p":{"n":5}}]`},
		{"an object with more than that", `type = object({ a = string })`, `{a = "x", b = 1}`, `{"a":"x"}`},
		{"an object with too little", `type = object({ a = string })`, `{}`, `Invalid value for variable`},
		{"null", `type = list(string)`, `null`, `null`},
		{"null is not allowed", "type = list(string)\n nullable = false", `null`, `Invalid value for variable`},
		{"null takes the default", "type = list(string)\n nullable = false\n default = [\"a\"]", `null`, `["a"]`},
		{"a default that may not be null", "type = string\n nullable = false\n default = null", `-`, `Invalid value for variable`},
		{"a default of another type", "type = number\n default = \"x\"", `1`, `Invalid value for variable`},
		{"a default is converted", "type = list(string)\n default = [1]", `-`, `["1"]`},
		{"no value", `type = string`, `-`, `No value for variable`},
		{"an empty value", `type = string`, ``, `""`},
		{"a sensitive one", "type = list(string)\n sensitive = true", `["a"]`, `(sensitive)`},
		{"no type of that name", `type = strnig`, `a`, `Invalid type specification`},
		{"a type in quotes", `type = "string"`, `a`, `Invalid type specification`},
		{"loops in a type", `type = object({ a = optional(list(any), [for x in [1] : x]) })`, `{}`, `Value must be constant`},
		{"an unknown attribute", `ephemeral = true`, `a`, `Unknown attribute`},
		{"an unknown block", `check {}`, `a`, `Unknown block`},
		{"not constant", `default = local.x`, `a`, `Value must be constant`},
		{"a check that holds", "type = number\n validation {\n condition = var.x > 1\n error_message = \"small\"\n }", `2`, `2`},
		{"a check that fails", "type = number\n validation {\n condition = var.x > 1\n error_message = \"small\"\n }", `1`, `Invalid value for variable`},
		{"the second check fails", "type = number\n validation {\n condition = var.x > 1\n error_message = \"small\"\n }\n validation {\n condition = var.x < 5\n error_message = \"large\"\n }", `6`, `Invalid value for variable`},
		{"a check of nothing", "validation {\n condition = true\n}", `6`, `Missing required argument`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := Inputs{}
			if tt.value != "-" {
				in.Args = []VarArg{{Assign: "x=" + tt.value}}
			}
			s, ds := loaded(t, map[string]string{"a.fleet.hcl": "variable \"x\" {\n  " + tt.declaration + "\n}\nlocals { x = 1 }\n"}, in)
			var got string
			if ds.HasErrors() {
				got = ds[0].Summary
			} else {
				got = evalText(t, s, "var.x")
			}
			if got != tt.want {
				t.Errorf("got %s, want %s\n%v", got, tt.want, ds)
			}
		})
	}
}

func TestVariablesInJSON(t *testing.T) {
	s, ds := loaded(t, map[string]string{"a.fleet.json": `{"variable": {"x": {
  "type": "object({ a = list(string), b = optional(number, 22) })",
  "default": {"a": ["q"]},
  "description": "An example.",
  "nullable": false,
  "sensitive": false,
  "validation": [
    {"condition": "${length(var.x.a) > 0}", "error_message": "a is empty"},
    {"condition": "${var.x.b < 100}", "error_message": "b is large"}
  ]
}}}`}, Inputs{LookupEnv: environ(`FLEET_VAR_x={ a = ["p"], b = "23" }`)})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	if got := evalText(t, s, "var.x"); got != `{"a":["p"],"b":23}` {
		t.Errorf("got %s", got)
	}
	for _, src := range []string{
		`{"variable": {"x": {"type": "` + strings.Repeat("(", 1_000_000) + `"}}}`,
		`{"variable": {"x": {"type": ["string"]}}}`,
		`{"variable": {"x": {"type": "list(${string})"}}}`,
	} {
		if _, ds := loaded(t, map[string]string{"a.fleet.json": src}, Inputs{}); !ds.HasErrors() {
			t.Errorf("%.60s: no error", src)
		}
	}
}

func TestASensitiveValueIsNotInItsDiagnostics(t *testing.T) {
	const src = `
variable "x" {
  type      = map(number)
  sensitive = true
  validation {
    condition     = length(var.x) > 1
    error_message = "only ${join(",", keys(var.x))}"
  }
}
`
	for _, in := range []Inputs{
		{Args: []VarArg{{Assign: `x={ hunter2 = "hunter3" }`}}},
		{Args: []VarArg{{Assign: `x={ hunter2 = 3 }`}}},
		{Args: []VarArg{{Assign: `x=hunter2 hunter3`}}},
		{Args: []VarArg{{File: "v.hcl"}}},
		{LookupEnv: environ("FLEET_VAR_x=[hunter2]")},
	} {
		_, ds := loaded(t, map[string]string{"a.fleet.hcl": src, "v.hcl": "x = { hunter2 = \"hunter3\" }\n"}, in)
		var out strings.Builder
		if err := ds.WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		if !ds.HasErrors() || strings.Contains(out.String(), "hunter") {
			t.Errorf("%+v: %s", in.Args, out.String())
		}
	}
}
