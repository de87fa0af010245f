package inventory

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/transport"
)

const revealHCL = `
secret "one" { env = "ONE" }
secret "two" { env = "TWO" }
secret "bad" { env = "BAD" }
locals { url = "db://${secret.one}" }
group "web" {
  hosts = ["web[1-2]"]
  vars = {
    plain = 1
    token = secret.one
    url   = "${local.url}/${host.name}"
    again = host.vars.url
    cpus  = host.facts.cpus
    more  = host.vars.cpus + 1
    other = host("db1").vars.both
  }
}
host "db1" {
  vars = merge({ both = "${secret.one}-${secret.two}" }, { port = 5432 })
}
host "odd" { vars = { broken = jsondecode(secret.bad) } }
`

func reveal(t *testing.T) *Inventory {
	t.Helper()
	return load(t, revealHCL, func(o *Options) {
		o.Secrets.LookupEnv = func(name string) (string, bool) { return "text of " + name, true }
	})
}

func TestVariablesAreMadeFromSecretsThatAreRevealed(t *testing.T) {
	inv := reveal(t)
	r, err := inv.Reveal(t.Context(), []string{"one", "two"})
	if err != nil {
		t.Fatal(err)
	}
	v, diags := r.Value(lookup(t, inv, "web1"), 0, unknownFacts())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	vars := v.GetAttr("vars")
	for name, want := range map[string]string{
		"token": "text of ONE", "url": "db://text of ONE/web1", "again": "db://text of ONE/web1",
		"other": "text of ONE-text of TWO",
	} {
		got := vars.GetAttr(name)
		if !lang.IsSensitive(got) {
			t.Errorf("%s is not sensitive", name)
		}
		if got, _ = got.Unmark(); !got.IsKnown() || got.AsString() != want {
			t.Errorf("%s is %#v, want %q", name, got, want)
		}
	}
	both := expression(t, `"${host("db1").vars.both}:${host("db1").vars.port}"`)
	got, diags := r.Scope().Eval(both, cty.String)
	if got, _ = got.Unmark(); diags.HasErrors() || got.AsString() != "text of ONE-text of TWO:5432" {
		t.Errorf("in the scope: %#v, %v", got, diags)
	}
	if got, _ := inv.Scope().Eval(both, cty.String); got.IsKnown() {
		t.Errorf("the inventory itself knows %#v", got)
	}
	if got := inv.Vars(lookup(t, inv, "web1"), 0)["token"]; got != "(sensitive)" {
		t.Errorf("shown as %v", got)
	}
}

func expression(t *testing.T, src string) hcl.Expression {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(src), "expr", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return e
}

func TestWhatCannotBeMadeFromASecretIsAnErrorWithoutIt(t *testing.T) {
	inv := reveal(t)
	if _, err := inv.Reveal(t.Context(), []string{"bad"}); err == nil ||
		!strings.Contains(err.Error(), "a.fleet.hcl:21") || strings.Contains(err.Error(), "text of") {
		t.Errorf("%v", err)
	}
	none := load(t, `secret "one" { prompt = true }`, func(o *Options) {
		o.Secrets.Ask = func(context.Context, string) (transport.Secret, error) { return transport.Secret{}, context.Canceled }
	})
	if _, err := none.Reveal(t.Context(), []string{"one"}); err == nil || !strings.Contains(err.Error(), `"one"`) {
		t.Errorf("%v", err)
	}
	if _, err := none.Reveal(t.Context(), nil); err != nil {
		t.Errorf("asked for nothing: %v", err)
	}
}

func TestWhatVariablesAreMadeFrom(t *testing.T) {
	inv := reveal(t)
	web := lookup(t, inv, "web2")
	tests := []struct {
		name         string
		facts, hosts bool
		secrets      string
	}{
		{"plain", false, false, ""},
		{"token", false, false, "one"},
		{"again", false, false, "one"},
		{"more", true, false, ""},
		{"other", false, true, ""},
		{"nothing", false, false, ""},
	}
	for _, tt := range tests {
		got := web.VarNeeds([]string{tt.name})
		if got.Facts != tt.facts || got.Hosts != tt.hosts || strings.Join(got.Secrets, ",") != tt.secrets {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	if got := inv.VarSecrets(); !slices.Equal(got, []string{"bad", "one", "two"}) {
		t.Errorf("of all: %q", got)
	}
}

func TestTwoSecretsForOneVariableAreAConflict(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.fleet.hcl", `
secret "one" { env = "ONE" }
secret "two" { env = "TWO" }
host "h" { vars = { token = secret.one } }
host "h" { vars = { token = secret.two } }
`)
	o := offline()
	o.Paths = []string{dir}
	if _, ds := Load(t.Context(), o); len(ds) != 1 || ds[0].Summary != "Conflicting definitions" {
		t.Errorf("%+v", ds)
	}
}

func TestHostsAreFoundByASelectionExpression(t *testing.T) {
	inv := reveal(t)
	hosts, err := inv.Match("web2,@web,db1")
	if err != nil || len(hosts) != 3 || hosts[0].Name != "db1" || hosts[2].Name != "web2" {
		t.Errorf("%v, %v", hosts, err)
	}
	for _, pattern := range []string{"@wbe", "nobody", "web1!web1", "^/etc/hosts", "-"} {
		if hosts, err := inv.Match(pattern); err == nil {
			t.Errorf("%q means %v", pattern, hosts)
		}
	}
}
