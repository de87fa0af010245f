package lang

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestExpressionsAboutAHost(t *testing.T) {
	s := scopeOf(t, "locals { base = 8000 }\n", Inputs{})
	tests := []struct {
		src         string
		host, facts bool
	}{
		{`"a"`, false, false},
		{"local.base", false, false},
		{"local.base + host.index", true, false},
		{"host.facts.os", true, true},
		{`host["facts"].os`, true, true},
		{`host["name"]`, true, false},
		{"host[local.base]", true, true},
		{"jsonencode(host)", true, true},
		{"[for host in [1] : host]", false, false},
	}
	for _, tt := range tests {
		e := expression(t, tt.src)
		if got := s.RefersToHost(e); got != tt.host {
			t.Errorf("%s: refers to host: %v", tt.src, got)
		}
		if got := s.NeedsFacts(e); got != tt.facts {
			t.Errorf("%s: needs facts: %v", tt.src, got)
		}
	}
}

func TestAHostIsKnownInItsScopeOnly(t *testing.T) {
	_, _, diags := project(t, "locals { name = host.name }\n")
	if len(diags) != 1 || diags[0].Summary != "Host not known here" {
		t.Errorf("in a local: %v", diags)
	}
	s := scopeOf(t, "locals { base = 8000 }\n", Inputs{})
	e := expression(t, `[for n in range(20) : "${host.name}-${local.base + host.index + n}"]`)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			name := "web" + itoa(i)
			host := s.ForHost(cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name), "index": cty.NumberIntVal(int64(i))}))
			v, diags := host.Eval(e, cty.List(cty.String))
			if diags.HasErrors() {
				t.Error(diags)
				return
			}
			want := name + "-" + itoa(8000+i+19)
			if got := v.Index(cty.NumberIntVal(19)).AsString(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	all.Wait()
}

func TestEachHostHasItsOwnBudget(t *testing.T) {
	s := scopeOf(t, "", Inputs{})
	costly := expression(t, `join(",", [for n in range(1000) : "${host}${n}"])`)
	for range 50 { // together far more than a project may use
		if _, diags := s.ForHost(cty.StringVal("a")).Eval(costly, cty.String); diags.HasErrors() {
			t.Fatal(diags)
		}
	}
	bomb := expression(t, "[for a in range(1000): [for b in range(1000): host]]")
	host := s.ForHost(cty.StringVal("a"))
	for range 2 { // and again, so that no unknown value is taken for a good one
		_, diags := host.Eval(bomb, cty.DynamicPseudoType)
		if !diags.HasErrors() || !strings.Contains(diags[0].Detail, "of one host") {
			t.Errorf("got %v", diags)
		}
	}
	if _, diags := s.Eval(expression(t, "1 + 1"), cty.Number); diags.HasErrors() {
		t.Errorf("a host used up what the project has: %v", diags)
	}
}

func TestNamesAreAddedToAScope(t *testing.T) {
	base := scopeOf(t, "variable \"pw\" {\n default = \"hunter2\"\n sensitive = true\n}\n", Inputs{Secrets: []string{"token"}})
	step := base.ForStep(map[string]cty.Value{"host": cty.StringVal("web1"), "step": cty.StringVal("old")})
	one := step.With(map[string]cty.Value{"each": cty.StringVal("a"), "step": cty.StringVal("new")})
	e := expression(t, `"${host} ${step} ${each} ${var.pw == "" ? 1 : 2}"`)
	v, diags := one.Eval(e, cty.String)
	if v, _ = v.Unmark(); diags.HasErrors() || v.AsString() != "web1 new a 2" {
		t.Errorf("%#v, %v", v, diags)
	}
	if one.Steps() == 0 || one.Steps() != step.Steps() {
		t.Errorf("one element paid %d steps from the budget of a step, which paid %d", one.Steps(), step.Steps())
	}
	if _, diags := step.Eval(expression(t, "each"), cty.String); len(diags) != 1 || diags[0].Summary != "Element not known here" {
		t.Errorf("without for_each: %v", diags)
	}
	known, diags := one.WithSecrets(map[string]string{"token": "e\u0301"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	v, diags = known.Eval(expression(t, `"${each}${secret.token}"`), cty.String)
	if v, _ = v.Unmark(); diags.HasErrors() || v.AsString() != "a\u00e9" {
		t.Errorf("with a secret: %#v, %v", v, diags)
	}
	if text, ok := known.Secret("token"); !ok || text != "e\u0301" {
		t.Errorf("the secret is %+q, %v", text, ok)
	}
	if _, ok := one.Secret("token"); ok {
		t.Error("the secret is known before it was given")
	}
	want := []string{"e\u0301", "hunter2", "\u00e9"}
	if got, _ := known.RevealIn(expression(t, `[for x in [secret.token] : upper("${x}${var.pw}")]`)); !slices.Equal(got, want) {
		t.Errorf("revealed %+q", got)
	}
	given, made := known.RevealIn(expression(t, `"a\n${upper(var.pw)} ${each == "a" ? "${var.pw}-b" : ""}\n${host}"`))
	if !slices.Equal(given, []string{"hunter2"}) || !slices.Equal(made, []string{"HUNTER2", "hunter2", "hunter2-b"}) {
		t.Errorf("given %q, made %q", given, made)
	}
}

func TestWhatAnExpressionRefersTo(t *testing.T) {
	s := scopeOf(t, "", Inputs{})
	tests := []struct {
		src, roots string
		anyVar     bool
	}{
		{`"a"`, "", false},
		{`"${host.name}${host.vars.port}"`, "host", false},
		{"merge(host.vars, step.a)", "host,step", true},
		{"host.vars[each.key]", "host,each", true},
		{`host["vars"].a`, "host", false},
		{"jsonencode(host)", "host", true},
		{"[for step in [1] : step]", "", false},
	}
	for _, tt := range tests {
		e := expression(t, tt.src)
		if got := strings.Join(s.Roots(e), ","); got != tt.roots {
			t.Errorf("%s: roots %q", tt.src, got)
		}
		if got := s.AnyHostVar(e); got != tt.anyVar {
			t.Errorf("%s: any variable: %v", tt.src, got)
		}
	}
}
