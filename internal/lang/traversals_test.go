package lang

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

func TestInsertedAreTheTextsThatATemplateTakesAsTheyAre(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{`var.a`, ""},
		{`"${var.a}"`, ""},
		{`"x ${var.a}"`, "var.a"},
		{`"x ${(var.a)}"`, "var.a"},
		{`"x ${shellquote(var.a)} ${var.b}"`, "var.b"},
		{`"x ${trimspace(upper(var.a))} ${length(var.b)} ${sha256(var.c)}"`, "var.a"},
		{`"x ${var.a == "" ? 1 : var.b} ${var.c + 1} ${!var.d}"`, "var.b"},
		{`"%{if var.a}x ${var.b}%{endif}"`, "var.b"},
		{`"x %{for p in var.a}${p} %{endfor}"`, "var.a"},
		{`"x ${join(" ", [for p in var.a : shellquote(p)])}"`, ""},
		{`"x ${join(" ", [for p in var.a : "${p}.${var.b}"])}"`, "var.b var.a"},
		{`"x ${join(" ", var.a[*].name)} ${var.b[0]["c"]}"`, `var.a var.b[0]["c"]`},
		{`"x ${element(var.a, var.b)}"`, "var.a var.b"},
		{`"x ${var.a[var.b].name}"`, "var.a"},
		{`"x ${{ a = var.a }["a"]}"`, "var.a"},
		{`format("x %s", var.a)`, "var.a"},
		{`var.a ? "x ${var.b}" : "${var.c} y"`, "var.b var.c"},
		{`join("; ", ["x ${var.a}", var.b])`, "var.a"},
		{`upper(var.a)`, ""},
	} {
		e, diags := parseExpression([]byte(c.src), "a.fleet.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(c.src, diags)
		}
		got := ""
		for _, ref := range Inserted(e) {
			if got != "" {
				got += " "
			}
			got += Spell(ref)
		}
		if got != c.want {
			t.Errorf("%s inserts %q, not %q", c.src, got, c.want)
		}
	}
}

// A collection that is used several times in each of many loops is listed once.
func TestInsertedIsNoBomb(t *testing.T) {
	src := `"${v0}"`
	for i := range 30 {
		src = fmt.Sprintf(`[for v%d in [v%d, v%d, v%d] : %s]`, i, i+1, i+1, i+1, src)
	}
	e, diags := parseExpression([]byte(`"x ${join(" ", `+src+`)}"`), "a.fleet.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if n := len(Inserted(e)); n > 10 {
		t.Errorf("%d references", n)
	}
}

func TestReferencesLeaveOutTheVariablesOfLoops(t *testing.T) {
	e, diags := parseExpression([]byte(`[for x in step.a.stdout : "${x} ${host.name}"]`), "a.fleet.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var got []string
	for _, ref := range References(e) {
		got = append(got, Spell(ref))
	}
	if !slices.Equal(got, []string{"step.a.stdout", "host.name"}) {
		t.Errorf("%q", got)
	}
}
