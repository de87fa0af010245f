package lang_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
)

func Example() {
	dir, err := os.MkdirTemp("", "project")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "greet.fleet.hcl")
	err = os.WriteFile(file, []byte(`
variable "who" { default = "world" }
locals { text = "hello ${var.who}" }
greet { say = upper(local.text) }
`), 0o600)
	if err != nil {
		fmt.Println(err)
		return
	}

	project, all := lang.Parse([]string{dir})
	blocks, diags := project.Decode(hcl.BlockHeaderSchema{Type: "greet"})
	all = append(all, diags...)
	scope, diags := project.NewScope(lang.Inputs{Args: []lang.VarArg{{Assign: "who=fleet"}}})
	all = append(all, diags...)
	for _, b := range blocks {
		attrs, diags := b.Body.JustAttributes()
		all = append(all, diags...)
		v, diags := scope.Eval(attrs["say"].Expr, cty.String)
		all = append(all, diags...)
		fmt.Println(v.AsString())
	}
	if err := project.Diagnostics(all).Err(); err != nil {
		fmt.Println(err)
	}
	// Output: HELLO FLEET
}
