package inventory

import (
	"slices"
	"testing"
)

func TestVarTypesAreThoseOfAllWhoGiveTheVariable(t *testing.T) {
	inv := load(t, `
group "web" {
  hosts = ["web[1-3]"]
  vars  = { port = 8080, name = "x", late = host.index + 1, made = "a${host.name}", on = true }
}
group "old" {
  hosts = ["old1"]
  vars  = { port = 80 }
}
host "web1" { vars = { name = 7 } }
`)
	for name, want := range map[string][]string{
		"port": {"number"}, "name": {"string", "number"}, "late": {"number"}, "made": {"string"}, "on": {"bool"}, "none": nil,
	} {
		var got []string
		for _, ty := range inv.VarTypes(name) {
			got = append(got, ty.FriendlyName())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
}
