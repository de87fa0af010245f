package inventory

import "testing"

func TestAnArgumentOfACommandMayHaveSeveralLines(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	inv := load(t, `
source "exec" "cloud" {
  command = ["sh", "-c", "echo one\necho \"$1\"", "", "two"]
}
`)
	for _, name := range []string{"one", "two"} {
		if _, ok := inv.Lookup(name); !ok {
			t.Errorf("there is no host %q", name)
		}
	}
}
