package lang

import (
	"io"
	"testing"
)

func FuzzLoad(f *testing.F) {
	for _, src := range []string{
		"",
		"variable \"a\" {\n  type = list(string)\n  default = []\n}\nlocals { b = [for x in var.a : upper(x)] }\n",
		"locals {\n  a = <<-EOT\n    %{ if true ~}\n    ${1 + 2}\n    %{ endif ~}\n  EOT\n}\n",
		"locals { a = try(x.y[*].z, -1) ? {(\"k\") = !true} : null }\n",
		`{"locals": {"a": "${1 + 1}", "b": [1, null, true, {"c": "$${x}"}]}}`,
		"\xef\xbb\xbflocals {}", "a = \"\\u0000\"", "x = 1 2", "{{{", "<<A\n",
	} {
		f.Add(src, false)
		f.Add(src, true)
	}
	f.Fuzz(func(t *testing.T, src string, json bool) {
		name := "a" + NativeSuffix
		if json {
			name = "a" + JSONSuffix
		}
		ds := load(t, name, src, someSteps)
		if err := ds.WriteText(io.Discard, TextOptions{Width: 40, Color: true}); err != nil {
			t.Fatal(err)
		}
		if err := ds.WriteJSON(io.Discard); err != nil {
			t.Fatal(err)
		}
		once, fmtDiags := Format([]byte(src), name)
		if json || fmtDiags.HasErrors() {
			return
		}
		if twice, _ := Format(once, name); string(twice) != string(once) {
			t.Errorf("formatting again changes %q to %q", once, twice)
		}
	})
}
