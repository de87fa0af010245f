package lang

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// BenchmarkLoad reads a project of 200 files, with 4 variables, 20 locals and 20
// blocks in each.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	for i := range 200 {
		var src strings.Builder
		for j := range 4 {
			fmt.Fprintf(&src, "variable \"v%d_%d\" {\n  type    = object({ name = string, port = optional(number, 22) })\n  default = { name = \"web%d\" }\n}\n", i, j, j)
		}
		src.WriteString("locals {\n")
		for j := range 20 {
			fmt.Fprintf(&src, "  l%d_%d = \"${var.v%d_%d.name}-${upper(\"x\")}.example.net\"\n", i, j, i, j%4)
		}
		src.WriteString("}\n")
		for j := range 20 {
			fmt.Fprintf(&src, "greet {\n  say = \"hello ${local.l%d_%d} of ${host.name}\"\n}\n", i, j)
		}
		name := filepath.Join(dir, fmt.Sprintf("f%03d.fleet.hcl", i))
		if err := os.WriteFile(name, []byte(src.String()), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		p, all := Parse([]string{dir})
		blocks, diags := p.Decode(hcl.BlockHeaderSchema{Type: "greet"})
		all = append(all, diags...)
		s, diags := p.NewScope(Inputs{LookupEnv: noEnv})
		all = append(all, diags...)
		host := s.ForHost(cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("a")}))
		for _, block := range blocks {
			attrs, _ := block.Body.JustAttributes()
			_, diags := host.Eval(attrs["say"].Expr, cty.String)
			all = append(all, diags...)
		}
		if all.HasErrors() {
			b.Fatal(p.Diagnostics(all).Err())
		}
	}
}

// BenchmarkHosts evaluates five expressions for each of 10,000 hosts.
func BenchmarkHosts(b *testing.B) {
	s := scopeOf(b, "locals { base = 8000 }\n", Inputs{})
	var exprs []hcl.Expression
	for _, src := range []string{`"10.0.0.${host.index % 250}"`, "local.base + host.index", "upper(host.name)", `host.vars["x"]`, `host.index > 5 ? "a" : "b"`} {
		exprs = append(exprs, expression(b, src))
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range 10_000 {
			host := s.ForHost(cty.ObjectVal(map[string]cty.Value{
				"name": cty.StringVal("web"), "index": cty.NumberIntVal(int64(i)), "vars": cty.MapVal(map[string]cty.Value{"x": cty.True}),
			}))
			for _, e := range exprs {
				if _, diags := host.Eval(e, cty.DynamicPseudoType); diags.HasErrors() {
					b.Fatal(diags)
				}
			}
		}
	}
}
