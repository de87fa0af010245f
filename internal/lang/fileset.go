package lang

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// filesetFunc is the set of the files below a folder that match a pattern.
func (t *table) filesetFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "pattern", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Set(cty.String)),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			pattern := args[1].AsString()
			if err := checkPattern(pattern); err != nil {
				return cty.UnknownVal(ty), function.NewArgError(1, err)
			}
			dir := args[0].AsString()
			tree := &meteredTree{inner: os.DirFS(dir), budget: t.scope.budget}
			var found []cty.Value
			err := doublestar.GlobWalk(tree, pattern, func(path string, d fs.DirEntry) error {
				if d.Type().IsRegular() || isRegular(tree, path) {
					found = append(found, cty.StringVal(path))
				}
				return nil
			}, doublestar.WithFilesOnly())
			switch {
			case t.scope.budget.spent():
				return cty.UnknownVal(ty), errTooExpensive()
			case err != nil:
				return cty.UnknownVal(ty), function.NewArgErrorf(1, "%q is not a valid pattern: %s", pattern, err)
			case len(found) == 0:
				return cty.SetValEmpty(cty.String), nil
			}
			return cty.SetVal(found), nil
		},
	})
}

// checkPattern refuses what takes long to match whatever the folder holds: each
// pair of braces can double the work, and each star repeat it.
func checkPattern(pattern string) error {
	switch {
	case strings.Count(pattern, "{") > 6 || strings.Count(pattern, "*") > 12 || len(pattern) > 1000:
		return errors.New("a pattern may have 6 braces, 12 stars and 1000 bytes")
	case !fs.ValidPath(pattern):
		return errors.New(`the pattern counts from the folder and must stay in it: "*.conf", not "/etc/*.conf" or "../*.conf"`)
	}
	return nil
}

func isRegular(tree fs.StatFS, path string) bool {
	info, err := tree.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// A meteredTree is a folder whose use is paid for, and that seems empty when
// nothing is left.
type meteredTree struct {
	inner  fs.FS
	budget *budget
}

func (m *meteredTree) Open(name string) (fs.File, error) {
	if !m.budget.pay(fileSteps) {
		return nil, fs.ErrNotExist
	}
	return m.inner.Open(name)
}

func (m *meteredTree) Stat(name string) (fs.FileInfo, error) {
	if !m.budget.pay(fileSteps) {
		return nil, fs.ErrNotExist
	}
	return fs.Stat(m.inner, name)
}

func (m *meteredTree) ReadDir(name string) ([]fs.DirEntry, error) {
	if !m.budget.pay(fileSteps) {
		return nil, fs.ErrNotExist
	}
	entries, err := fs.ReadDir(m.inner, name)
	if !m.budget.pay(2 * len(entries)) {
		return nil, fs.ErrNotExist
	}
	return entries, err
}
