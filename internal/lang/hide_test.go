package lang

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// inJSON is all that ds says.
func inJSON(t *testing.T, ds Diagnostics) string {
	t.Helper()
	var out strings.Builder
	if err := ds.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFilesOfValuesDoNotShowSensitiveOnes(t *testing.T) {
	const declared = "variable \"t\" {\n  sensitive = true\n  default = \"\"\n}\nvariable \"n\" {\n  type = number\n  default = 1\n}\n"
	for name, text := range map[string]string{
		"reference.auto.vars.hcl": "t = hunter2secret\n",
		"open.auto.vars.hcl":      "t = \"hunter2secret\n",
		"half.auto.vars.hcl":      "t = hunter2secret hunter2secret\n",
		"block.auto.vars.hcl":     "t {\n  hunter2secret = 1\n",
		"call.auto.vars.hcl":      "t = hunter2secret(1)\n",
		"fleet.vars.hcl":          "t: hunter2secret\n",
		"fleet.vars.json":         `{"t": hunter2secret}`,
		"open.auto.vars.json":     `{"t": "hunter2secret`,
		"tmpl.auto.vars.json":     `{"t": "${hunter2secret}"}`,
		"line.auto.vars.json":     `{"t": "hunter2secret", "n": "x"}`,
		"other.auto.vars.json":    `{"t": "hunter2secret", "n": "${x"}`,
		"unknown.auto.vars.json":  `{"t": "hunter2secret", "m": 1}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, ds := loaded(t, map[string]string{"a.fleet.hcl": declared, name: text}, Inputs{})
			if out := inJSON(t, ds); len(ds) == 0 || strings.Contains(out, "hunter2") {
				t.Errorf("%s", out)
			}
		})
	}
	for _, in := range []Inputs{{Args: []VarArg{{Assign: "hunter2secret"}}}, {LookupEnv: environ("FLEET_VAR_n=hunter2secret")}} {
		_, ds := loaded(t, map[string]string{"a.fleet.hcl": declared}, in)
		if out := inJSON(t, ds); !ds.HasErrors() || strings.Contains(out, "hunter2") {
			t.Errorf("%s", out)
		}
	}
	_, ds := loaded(t, map[string]string{"a.fleet.hcl": "variable \"t\" {\n  sensitive = true\n  default = hunter2secret\n}\n"}, Inputs{})
	if out := inJSON(t, ds); !ds.HasErrors() || strings.Contains(out, "hunter2") {
		t.Errorf("a default: %s", out)
	}
}

func TestFilesOfValuesShowWhatMayBeShown(t *testing.T) {
	_, ds := loaded(t, map[string]string{"a.fleet.hcl": "variable \"t\" {}\n", "fleet.vars.hcl": "t = plain\n"}, Inputs{})
	if out := inJSON(t, ds); !strings.Contains(out, `not even \"plain\"`) || !strings.Contains(out, "t = plain") {
		t.Errorf("%s", out)
	}
}

const withTokens = `
variable "token" {
  sensitive = true
  default   = "hunter2"
}
variable "long" {
  sensitive = true
  default   = "hunter2-passphrase-long"
}
variable "words" {
  sensitive = true
  default   = "tango,tango"
}
locals {
  made = sensitive("golfclub")
}
`

func TestDiagnosticsDoNotQuoteWhatIsMadeFromSensitiveValues(t *testing.T) {
	s := scopeOf(t, withTokens, Inputs{LookupEnv: noEnv})
	for _, src := range []string{
		`{for i in [1, 2] : base64encode(var.token) => i}`,
		`{for i in [1, 2] : strrev(var.token) => i}`,
		`{for w in split(",", var.words) : upper(w) => w}`,
		`{for w in split(",", var.words) : strrev(w) => w}`,
		`[for w in split(",", var.words) : parseint(upper(w), 10)]`,
		`[for w in split(",", var.words) : w.x]`,
		`[for w in split(",", var.words) : w + 1]`,
		`{for i in [1, 2] : local.made => i}`,
		`{for i in [1, 2] : strrev(local.made) => i}`,
		`{for i in [1, 2] : var.long => i}`,
		`{for i in [1, 2] : lower(sensitive("Alpha")) => i}`,
		`[for w in split(",", var.words) : {for i in [1, 2] : upper(w) => i}]`,
	} {
		_, diags := s.EvalText(src)
		out := inJSON(t, s.project.Diagnostics(diags))
		if !diags.HasErrors() {
			t.Errorf("%s: no error", src)
		}
		for _, secret := range []string{"hunter2", "aHVudGVyMg", "2retnuh", "ango", "TANGO", "ognat", "golfclub", "bulcflog", "passphrase", "alpha"} {
			if strings.Contains(out, secret) {
				t.Errorf("%s: %q is quoted in %s", src, secret, out)
			}
		}
	}
}

func TestDiagnosticsQuoteWhatMayBeShown(t *testing.T) {
	s := scopeOf(t, withTokens, Inputs{LookupEnv: noEnv})
	for src, want := range map[string]string{
		`{for i in [1, 2] : upper("rack") => i}`:           "RACK",
		`[var.token, parseint("rack", 10)]`:                "rack",
		`[var.token, [for x in ["rack"] : x + 1]]`:         "number is required",
		`[for x in ["rack"] : parseint(x, 10)]`:            "rack",
		`{for i in [1, 2] : "${i > 0 ? "rack" : i}" => i}`: "rack",
	} {
		_, diags := s.EvalText(src)
		if out := inJSON(t, s.project.Diagnostics(diags)); !strings.Contains(out, want) {
			t.Errorf("%s: want %q in %s", src, want, out)
		}
	}
}

func TestALongTextIsHiddenBeforeItsParts(t *testing.T) {
	var h hidden
	for _, text := range []string{"pass", "passphrase", "pass", "abc", "phrase"} {
		h.add(cty.StringVal(text).Mark(Sensitive))
	}
	s := &Scope{hidden: h}
	diags := hcl.Diagnostics{{Detail: "a passphrase, a pass and abc"}}
	s.hide(diags)
	if got, want := diags[0].Detail, "a (sensitive value), a (sensitive value) and abc"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := fmt.Sprint(s.hidden.texts); got != "[passphrase phrase pass]" {
		t.Errorf("%s", got)
	}
}
