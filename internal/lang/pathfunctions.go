package lang

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

func pathFunctions() map[string]function.Function {
	return map[string]function.Function{
		"basename":   pathFunc(plainPath(filepath.Base)),
		"dirname":    pathFunc(plainPath(filepath.Dir)),
		"pathexpand": pathFunc(plainPath(expandHome)),
	}
}

func plainPath(fn func(string) string) func(string) (string, error) {
	return func(path string) (string, error) { return fn(path), nil }
}

func pathFunc(fn func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			out, err := fn(args[0].AsString())
			return cty.StringVal(filepath.ToSlash(out)), err
		},
	})
}

// expandHome replaces a leading ~ by the home folder.
func expandHome(path string) string {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, path[1:])
}

// pathObject is what `path` stands for. All folders in it are absolute, so that
// they mean the same wherever they are used. path.module, the folder of the file
// it stands in, is put in place by guardReference; here it is for those who look
// at the whole.
func pathObject(folders []string) cty.Value {
	root := "."
	if len(folders) > 0 {
		root = folders[0]
	}
	return cty.ObjectVal(map[string]cty.Value{
		"module": cty.StringVal(absolute(root)),
		"root":   cty.StringVal(absolute(root)),
		"cwd":    cty.StringVal(absolute(".")),
	})
}

func absolute(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	return filepath.ToSlash(abs)
}

// readsFiles are the functions whose first argument is a path to be opened.
func readsFiles(name string) bool {
	switch name {
	case "abspath", "file", "fileexists", "fileset", "templatefile",
		"filebase64", "filebase64sha256", "filebase64sha512", "filemd5", "filesha1", "filesha256", "filesha512":
		return true
	}
	return false
}

// A rooted expression is a path that counts from a folder.
type rooted struct {
	*hclsyntax.ParenthesesExpr
	folder string
}

// root makes e count from the folder of the file at.
func root(e hclsyntax.Expression, at hcl.Range) hclsyntax.Expression {
	return &rooted{
		ParenthesesExpr: &hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()},
		folder:          filepath.Dir(at.Filename),
	}
}

func (e *rooted) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := e.Expression.Value(ctx)
	s, err := convert.Convert(v, cty.String)
	if err != nil || diags.HasErrors() {
		return v, diags // the call says what is wrong
	}
	s, marks := s.Unmark()
	if !s.IsKnown() || s.IsNull() {
		return v, diags
	}
	return cty.StringVal(LocalPath(s.AsString(), e.folder)).WithMarks(marks), diags
}

// LocalPath is the path on this machine that text means in a file of the folder:
// a relative one begins there, and "~" is the home folder.
func LocalPath(text, folder string) string {
	path := expandHome(text)
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	return path
}

// UnwrapExpression implements the protocol of hcl.UnwrapExpression.
func (e *rooted) UnwrapExpression() hcl.Expression { return e.Expression }

// guardReference puts path.module in place.
func guardReference(e *hclsyntax.ScopeTraversalExpr) hclsyntax.Expression {
	t := e.Traversal
	if len(t) == 2 && t.RootName() == "path" && member(t) == "module" {
		return &hclsyntax.LiteralValueExpr{Val: cty.StringVal(absolute(filepath.Dir(e.SrcRange.Filename))), SrcRange: e.SrcRange}
	}
	return checkIndexes(e, t)
}
