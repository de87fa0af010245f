package lang

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// scopeOf is a scope of one file in memory, without mistakes.
func scopeOf(t testing.TB, src string, in Inputs) *Scope {
	t.Helper()
	s, diags := tryScope(t, src, in)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return s
}

func tryScope(t testing.TB, src string, in Inputs) (*Scope, hcl.Diagnostics) {
	t.Helper()
	p, _ := Parse(nil)
	f, all := p.parseSource("a.fleet.hcl", []byte(src))
	if f != nil {
		p.files = append(p.files, f)
	}
	_, diags := p.Decode()
	all = append(all, diags...)
	if in.LookupEnv == nil {
		in.LookupEnv = noEnv
	}
	s, diags := p.NewScope(in)
	return s, append(all, diags...)
}

func expression(t testing.TB, src string) hcl.Expression {
	t.Helper()
	e, diags := parseExpression([]byte(src), "expr", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return e
}

const withSecrets = `
variable "pin" {
  default   = 123456
  sensitive = true
}
locals {
  url    = "postgres://app:${secret.db}@db/app"
  urls   = [local.url, secret.other]
  plain  = "nothing hidden"
  length = length(local.urls)
}
`

func TestSecretsAreUnknownUntilTheyAreGiven(t *testing.T) {
	s := scopeOf(t, withSecrets, Inputs{Secrets: []string{"db", "other"}})
	for _, src := range []string{"secret.db", "local.url", "upper(local.urls[0])", `secret.db == "" ? "a" : "b"`} {
		v, diags := s.Eval(expression(t, src), cty.String)
		if diags.HasErrors() || v.IsKnown() || !IsSensitive(v) {
			t.Errorf("%s: %#v %v", src, v, diags)
		}
	}
	s, diags := s.WithSecrets(map[string]string{"db": "hunter2"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	v, diags := s.Eval(expression(t, "local.urls[0]"), cty.String)
	if diags.HasErrors() || !IsSensitive(v) {
		t.Fatalf("%#v %v", v, diags)
	}
	if u, _ := v.Unmark(); u.AsString() != "postgres://app:hunter2@db/app" {
		t.Errorf("got %q", u.AsString())
	}
	s, diags = s.WithSecrets(map[string]string{"other": "correct horse"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := []string{"123456", "correct horse", "hunter2", "postgres://app:hunter2@db/app"}
	if got := s.Revealed(); !slices.Equal(got, want) {
		t.Errorf("revealed %q, want %q", got, want)
	}
}

func TestSecretsInTheScopeOfAHost(t *testing.T) {
	s := scopeOf(t, withSecrets, Inputs{Secrets: []string{"db", "other"}})
	host := s.ForHost(cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("web"), "pw": cty.StringVal("swordfish").Mark(Sensitive)}))
	host, diags := host.WithSecrets(map[string]string{"db": "hunter2"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	v, diags := host.Eval(expression(t, `"${host.name} ${local.url} ${local.plain}"`), cty.String)
	if v, _ = v.Unmark(); diags.HasErrors() || v.AsString() != "web postgres://app:hunter2@db/app nothing hidden" {
		t.Errorf("%#v %v", v, diags)
	}
	want := []string{"123456", "hunter2", "postgres://app:hunter2@db/app", "swordfish"}
	if got := host.Revealed(); !slices.Equal(got, want) {
		t.Errorf("revealed %q, want %q", got, want)
	}
}

func TestSecretsInAnExpression(t *testing.T) {
	s := scopeOf(t, withSecrets, Inputs{Secrets: []string{"db", "other"}})
	tests := []struct{ src, want string }{
		{"secret.db", "db"},
		{`"${secret.other}${secret.db}"`, "db other"},
		{"local.urls", "db other"},
		{"local.length", "db other"},
		{"[for u in local.url : u]", "db"},
		{"local.plain", ""},
		{"var.pin", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(s.SecretsIn(expression(t, tt.src)), " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.src, got, tt.want)
		}
	}
}

func TestManyLocalsOfManySecretsAreCheap(t *testing.T) {
	var b strings.Builder
	var names []string
	b.WriteString("locals {\n  v0 = 1\n")
	for i := 1; i < 3000; i++ {
		name := "s" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i%11)
		names = append(names, name)
		b.WriteString("  v" + itoa(i) + " = [local.v" + itoa(i-1) + "][0] == secret." + name + "\n")
	}
	b.WriteString("}\n")
	s := scopeOf(t, b.String(), Inputs{Secrets: names})
	slices.Sort(names)
	want := len(slices.Compact(names))
	if got := len(s.SecretsIn(expression(t, "local.v2999"))); got != want {
		t.Errorf("%d secrets, want %d", got, want)
	}
}

// What hcl and functions say about a value may quote it.
func TestDiagnosticsDoNotQuoteSecrets(t *testing.T) {
	s := scopeOf(t, withSecrets, Inputs{Secrets: []string{"db", "other"}})
	s, diags := s.WithSecrets(map[string]string{"db": "hunter2", "other": "hunter2"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, src := range []string{
		"tonumber(secret.db)", "parseint(secret.db, 10)", "jsondecode(secret.db)", "regex(secret.db, 1)", "formatdate(secret.db, 1)",
		`regex("(${secret.db}", "x")`, "{ for x in [secret.db, secret.other] : x => 1 }", "{a = 1}[secret.db]", "secret.db.x",
		"1 + secret.db", "secret.db ? 1 : 2", `format("%d", secret.db)`, "cidrhost(secret.db, 1)", "base64decode(secret.db)",
		"timeadd(secret.db, secret.db)", "merge({}, secret.db)", "local.urls[secret.db]", "[for x in secret.db : x]",
		`var.pin[secret.db]`, `format("%z", var.pin)`, `element([], secret.db)`, `contains(secret.db, 1)`,
	} {
		_, diags := s.Eval(expression(t, src), cty.DynamicPseudoType)
		if !diags.HasErrors() {
			t.Errorf("%s: no error", src)
		}
		var out strings.Builder
		if err := s.project.Diagnostics(diags).WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), "123456") {
			t.Errorf("%s: quoted in %s", src, out.String())
		}
	}
}
