package lang

import (
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

const consoleProject = `
variable "server" {
  default = { name = "web", ports = [80, 443] }
}
variable "pw" {
  default   = "hunter2"
  sensitive = true
}
locals {
  region = "eu"
  rest   = tomap({ a = 1 })
}
`

func TestConsoleShowsValuesAsHCL(t *testing.T) {
	s := scopeOf(t, consoleProject, Inputs{Secrets: []string{"token"}})
	tests := []struct{ src, want string }{
		{`1 + 1`, "2"},
		{`"a\"b${"$"}{x}\t"`, `"a\"b$${x}\t"`},
		{`true`, "true"},
		{`null`, "null"},
		{`tostring(null)`, "tostring(null)"},
		{`var.server`, "{\n  \"name\" = \"web\"\n  \"ports\" = [\n    80,\n    443,\n  ]\n}"},
		{`[]`, "[]"},
		{`{}`, "{}"},
		{`tolist(["a"])`, "tolist([\n  \"a\",\n])"},
		{`toset(["b", "a"])`, "toset([\n  \"a\",\n  \"b\",\n])"},
		{`local.rest`, "tomap({\n  \"a\" = 1\n})"},
		{`{ text = "a\nb $${c}" }`, "{\n  \"text\" = <<-EOT\n  a\n  b $${c}\n  EOT\n}"},
		{`var.pw`, "(sensitive value)"},
		{`[var.pw, 1]`, "[\n  (sensitive value),\n  1,\n]"},
		{`secret.token`, "(sensitive value)"},
		{`"\u001b[31m\nx"`, "\"\\u001b[31m\\nx\""},
		{`1.50`, "1.5"},
	}
	for _, tt := range tests {
		v, diags := s.EvalText(tt.src)
		if diags.HasErrors() {
			t.Errorf("%s: %v", tt.src, diags)
			continue
		}
		if got := Render(v); got != tt.want {
			t.Errorf("%s\n got %q\nwant %q", tt.src, got, tt.want)
		}
	}
	if got := Render(cty.UnknownVal(cty.String)); got != "(known after run)" {
		t.Errorf("unknown: %s", got)
	}
}

func TestAMistakeOnTheConsole(t *testing.T) {
	s := scopeOf(t, consoleProject, Inputs{})
	for _, src := range []string{"local.regoin", "1 +", strings.Repeat("(", 10_000), "[for a in range(1000): [for b in range(1000): a]]", "file(\"none\")"} {
		v, diags := s.EvalText(src)
		ds := s.project.Diagnostics(diags)
		if !ds.HasErrors() || v.IsKnown() {
			t.Errorf("%.40s: no error", src)
			continue
		}
		if r := ds[0].Range; r == nil || r.Filename != "<console>" || ds[0].Snippet == nil || ds[0].Snippet.Code == "" {
			t.Errorf("%.40s: the place is missing: %+v", src, ds[0])
		}
	}
	if _, diags := s.EvalText("local.region"); diags.HasErrors() {
		t.Errorf("after a costly line: %v", diags)
	}
}

func TestNamesForCompletion(t *testing.T) {
	s := scopeOf(t, consoleProject, Inputs{Secrets: []string{"token"}})
	host := s.ForHost(cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("a"), "vars": cty.EmptyObjectVal}))
	tests := []struct {
		scope  *Scope
		prefix string
		want   []string
	}{
		{s, "va", []string{"values(", "var"}},
		{s, "base64sha", []string{"base64sha256(", "base64sha512("}},
		{s, "var.", []string{"var.pw", "var.server"}},
		{s, "var.server.", []string{"var.server.name", "var.server.ports"}},
		{s, "local.r", []string{"local.region", "local.rest"}},
		{s, "local.rest.", []string{"local.rest.a"}},
		{s, "secret.", []string{"secret.token"}},
		{s, "host.", nil},
		{s, "var.none.x.", nil},
		{s, "var.pw.", nil},
		{host, "host", []string{"host", "host(", "hosts("}},
		{host, "host.", []string{"host.name", "host.vars"}},
	}
	for _, tt := range tests {
		if got := tt.scope.Names(tt.prefix); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.prefix, got, tt.want)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{"", "a", "a\nb", "${x}\n%{y}", "EOT\nEOT_", "\x1b[31m\n", "\"\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := cty.ObjectVal(map[string]cty.Value{"k": cty.StringVal(s), "l": cty.ListVal([]cty.Value{cty.StringVal(s)})})
		text := Render(v)
		for _, c := range text {
			if c != '\n' && c != '\t' && oneLine(string(c)) != string(c) {
				t.Fatalf("%q acts on a terminal", c)
			}
		}
		scope := scopeOf(t, "", Inputs{})
		if _, diags := scope.EvalText(text); diags.HasErrors() {
			t.Fatalf("not HCL: %s: %v", text, diags)
		}
	})
}
