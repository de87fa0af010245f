package lang

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

func TestVariablesAreFoundAtAnyDepthAndThroughLocals(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"a.fleet.hcl": `variable "a" {}
variable "b" {}
variable "c" {}
variable "unused" {}
locals {
  one = local.two
  two = var.b
  not = var.unused
}
thing "x" {
  inner { value = [for v in ["${var.a}-${local.one}"] : v] }
}
other "x" { value = var.c }
`,
		"b.fleet.json": `{"third": {"x": {"value": 1}}}`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, _ := Parse([]string{dir})
	header := func(name string) hcl.BlockHeaderSchema {
		return hcl.BlockHeaderSchema{Type: name, LabelNames: []string{"name"}}
	}
	blocks, diags := p.Decode(header("thing"), header("other"), header("third"))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, b := range blocks {
		want := map[string][]string{"thing": {"a", "b"}, "other": {"c"}, "third": {"a", "b", "c", "unused"}}[b.Type]
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(p.VariablesIn(hcl.Blocks{b})))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", b.Type, diff)
		}
	}
}
