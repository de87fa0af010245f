package lang

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// templateAt is a scope of a project without files, and the path of a template.
func templateAt(t testing.TB, src string) (*Project, *Scope, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.tmpl")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ := Parse(nil)
	s, diags := p.NewScope(Inputs{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p, s.ForStep(nil), path
}

func TestATemplateIsRendered(t *testing.T) {
	names := map[string]cty.Value{
		"port": cty.NumberIntVal(80), "later": cty.UnknownVal(cty.String), "list": cty.TupleVal([]cty.Value{cty.StringVal("a")}),
		"secret": cty.StringVal("hunter22").Mark(Sensitive), "none": cty.NullVal(cty.String), "flag": cty.True,
	}
	tests := []struct{ name, src, want, problem string }{
		{"nothing", "", "", ""},
		{"as it is", "a\r\n$${x} %%{y}\n", "a\r\n${x} %{y}\n", ""},
		{"a number alone", "${port}", "80", ""},
		{"a loop", "%{ for x in list ~}\n- ${x}\n%{ endfor ~}\n", "- a\n", ""},
		{"what is not known, and not used", "%{ if flag }a%{ else }${later}%{ endif }", "a", ""},
		{"functions", "${upper(\"a\")}${base64encode(\"a\")}", "AYQ==", ""},
		{"a list alone", "${list}", "", "Incorrect type"},
		{"null alone", "${none}", "", "Incorrect type"},
		{"null", "a${none}\n", "", "Invalid template interpolation value"},
		{"no such name", "${ports}", "", "Unknown reference"},
		{"what a project knows", "${var.a}", "", "Unknown reference"},
		{"a template in a template", "${templatefile(\"b\", {})}", "", "Unknown function"},
		{"no end", "%{ if flag }a", "", "Unexpected end of template"},
		{"too much", "${join(\"\", [for a in range(1000) : join(\"\", range(1000))])}", "", overBudgetSummary},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, s, path := templateAt(t, tt.src)
			one, err := s.ReadTemplate(path)
			if err != nil {
				t.Fatal(err)
			}
			v, diags := s.Render(one, names)
			if tt.problem != "" {
				if !diags.HasErrors() || diags[0].Summary != tt.problem {
					t.Errorf("%v, want %q", diags, tt.problem)
				}
				return
			}
			if diags.HasErrors() || v.AsString() != tt.want {
				t.Errorf("%#v %v, want %q", v, diags, tt.want)
			}
		})
	}
}

func TestATemplateOfWhatIsNotKnownIsNotKnown(t *testing.T) {
	_, s, path := templateAt(t, "a${later}")
	one, err := s.ReadTemplate(path)
	if err != nil {
		t.Fatal(err)
	}
	v, diags := s.Render(one, map[string]cty.Value{"later": cty.UnknownVal(cty.String)})
	if diags.HasErrors() || v.IsKnown() {
		t.Errorf("%#v %v", v, diags)
	}
	if v, diags = s.Render(one, map[string]cty.Value{"later": cty.StringVal("x").Mark(Sensitive)}); diags.HasErrors() || !IsSensitive(v) {
		t.Errorf("%#v %v", v, diags)
	}
}

func TestTemplatesThatCannotBeRead(t *testing.T) {
	_, s, path := templateAt(t, "a\xff")
	for name, want := range map[string]string{path: "is not valid UTF-8, and a template is a text", filepath.Dir(path): "is a folder", path + "x": "cannot read"} {
		if _, err := s.ReadTemplate(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// FuzzTemplate renders any text: what is wrong has a place in it.
func FuzzTemplate(f *testing.F) {
	for _, src := range []string{"", "${port}", "%{ for x in list ~}\n${x}\n%{ endfor ~}", "${secret}${", "$${x}%{", "${jsondecode(secret).a}", "\xef\xbb\xbf${port}"} {
		f.Add(src)
	}
	names := map[string]cty.Value{
		"port": cty.NumberIntVal(80), "list": cty.TupleVal([]cty.Value{cty.StringVal("a"), cty.DynamicVal}), "secret": cty.StringVal("hunter22").Mark(Sensitive),
	}
	f.Fuzz(func(t *testing.T, src string) {
		p, s, path := templateAt(t, src)
		one, err := s.ReadTemplate(path)
		if err != nil {
			return
		}
		v, diags := s.Render(one, names)
		if !diags.HasErrors() && v.Type() != cty.String {
			t.Errorf("%q is no text: %#v", src, v)
		}
		var said strings.Builder
		found := p.Diagnostics(append(hcl.Diagnostics{}, diags...))
		if err := found.WriteText(&said, TextOptions{Width: 60}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(said.String(), "hunter22") && !strings.Contains(src, "hunter22") {
			t.Errorf("%q tells a secret: %s", src, said.String())
		}
		for _, d := range found {
			if d.Range == nil || d.Snippet == nil {
				t.Errorf("%q: %v has no place", src, d)
			}
		}
	})
}
