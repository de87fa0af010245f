package architecture

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A source is one Go file of the project.
type source struct {
	name  string // path from the root, with slashes
	pkg   string // folder from the root, which is the import path without the module
	test  bool
	text  []byte
	file  *ast.File
	fset  *token.FileSet
	lines int
}

// imports lists what the file imports.
func (s *source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

const (
	root   = "../.."
	module = "fleet/"
)

// walk calls visit for every file of the project, with its path from the root.
// What git ignores at the top, and hidden folders but that of the CI, is left out.
func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	ignored := map[string]bool{"bin": true, "dist": true, ".git": true}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			hidden := strings.HasPrefix(path.Base(rel), ".") && rel != "." && rel != ".ci"
			if ignored[rel] || hidden {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && !ignored[rel] { // .git is a file in a second working tree
			visit(rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sources parses every Go file of the project, for all platforms and build tags.
func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "testdata/") {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		all = append(all, &source{
			name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			text: text, file: file, fset: fset, lines: bytes.Count(text, []byte("\n")),
		})
	})
	if len(all) == 0 {
		t.Fatal("no Go file found: is the test run in its own folder?")
	}
	return all
}

// under reports whether path p is dir or lies below it.
func under(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }
