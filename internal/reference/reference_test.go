package reference_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fleet/internal/lang"
	"fleet/internal/reference"
	"fleet/inventory"
	"fleet/tasks"
)

var update = flag.Bool("update", false, "write the files in docs/ anew")

// language is all blocks of project files.
func language() []*lang.BlockDef {
	return slices.Concat(lang.Definitions(), inventory.Definitions(), tasks.Definitions())
}

func TestTheDocumentsAreMadeFromTheDefinitions(t *testing.T) {
	schema, err := reference.Schema(language())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{
		"reference.md":      reference.Page(language()),
		"fleet.schema.json": schema,
	} {
		path := filepath.Join("..", "..", "docs", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the definitions say; make it anew: go test ./internal/reference -update", name)
		}
	}
}

func TestEveryDefinitionIsDocumented(t *testing.T) {
	var check func(def *lang.BlockDef)
	check = func(def *lang.BlockDef) {
		if def.Doc == "" {
			t.Errorf("the block %s has no documentation", def.Type)
		}
		for _, a := range def.Attrs {
			if a.Doc == "" || a.Type == "" {
				t.Errorf("%s.%s has no documentation, or no type", def.Type, a.Name)
			}
		}
		for _, inner := range def.Blocks {
			check(inner)
		}
	}
	for _, def := range language() {
		check(def)
	}
}
