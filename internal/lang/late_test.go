package lang

import (
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
