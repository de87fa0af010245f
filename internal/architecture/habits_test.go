package architecture

import (
	"bytes"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestEveryPackageHasDoc(t *testing.T) {
	documented := make(map[string]bool)
	packages := make(map[string]string) // folder -> one of its files
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		packages[s.pkg] = s.name
		if strings.HasSuffix(s.name, "/doc.go") && s.file.Doc != nil {
			documented[s.pkg] = true
		}
	}
	for pkg := range packages {
		if !documented[pkg] && !under(pkg, "examples") {
			t.Errorf("%s has no doc.go with a package comment: what it is, the model, ownership and concurrency", pkg)
		}
	}
}

func TestFilesAreOfReadableSize(t *testing.T) {
	const most = 600
	for _, s := range sources(t) {
		if !s.test && s.lines > most {
			t.Errorf("%s has %d lines, more than %d: it holds more than one thing", s.name, s.lines, most)
		}
	}
}

func TestNoFlawIsSilenced(t *testing.T) {
	directive := regexp.MustCompile(`//\s*(nolint|revive:disable|lint:ignore|#nosec)`)
	for _, s := range sources(t) {
		for i, line := range bytes.Split(s.text, []byte("\n")) {
			if directive.Match(line) && s.pkg != "internal/architecture" {
				t.Errorf("%s:%d: a silenced linter: fix the code, or argue about the rule in .golangci.yml", s.name, i+1)
			}
		}
	}
}

// A sleeping test is slow on a fast machine and wrong on a slow one. Inside a
// testing/synctest bubble time is not real, and sleeping is how it passes; and
// what another process does can only be asked for again and again, in a loop
// that ends when it is so.
func TestNoTestSleeps(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test || measures(s.pkg) {
			continue
		}
		fine := append(spans(s.file, "synctest", "Test", "Run"), polls(s.file)...)
		for _, sleep := range spans(s.file, "time", "Sleep") {
			if !within(sleep, fine) {
				t.Errorf("%s: wait for what should happen in place of sleeping", s.fset.Position(sleep.from))
			}
		}
	}
}

// measures reports whether a folder holds benchmarks alone, which no test command
// runs: time that passes is what they are about, and scripts/bench.sh sees to the
// tools.
func measures(pkg string) bool { return pkg == "scripts/bench" }

// A skipped test is a test that nobody runs. One reason is a tool that is not
// installed, and then FLEET_REQUIRE_SSHD, which CI sets, makes it a failure; the
// others are that only root can do it, as which CI runs, and a login shell that
// is tested for good measure where there is one.
func TestNoTestIsSkippedForAnotherReasonThanAMissingTool(t *testing.T) {
	for _, s := range sources(t) {
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Body == nil || s.pkg == "internal/architecture" || measures(s.pkg) {
				continue
			}
			from, to := s.fset.Position(f.Pos()).Offset, s.fset.Position(f.End()).Offset
			body := s.text[from:to]
			excused := false
			for _, reason := range []string{"FLEET_REQUIRE_SSHD", "os.Geteuid() != 0", "!shell.required"} {
				excused = excused || bytes.Contains(body, []byte(reason))
			}
			if excused {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if ok && (sel.Sel.Name == "Skip" || sel.Sel.Name == "Skipf" || sel.Sel.Name == "SkipNow") && receiver(sel) {
					t.Errorf("%s: skips without asking FLEET_REQUIRE_SSHD, or for root, in the same function", s.fset.Position(call.Pos()))
				}
				return true
			})
		}
	}
}

// receiver reports whether sel is called on a variable named as tests name theirs.
func receiver(sel *ast.SelectorExpr) bool {
	id, ok := sel.X.(*ast.Ident)
	return ok && (id.Name == "t" || id.Name == "b" || id.Name == "f" || id.Name == "tb" || id.Name == "ts")
}

// A path of the machine that a file was written on works for one person.
func TestNoPathOfAMachine(t *testing.T) {
	// Spelled in two halves, so that this file passes its own test. The names
	// in the list are those of nobody, good for an example.
	home := regexp.MustCompile(`(^|[\s"'=:(` + "`" + `])/` + `home/([a-z][a-z0-9_-]*)`)
	nobody := map[string]bool{"a": true, "anna": true, "me": true, "you": true, "user": true, "alice": true, "bob": true, "deploy": true, "u": true}
	roots := [][]byte{[]byte("/" + "work/"), []byte("/" + "root/")}
	walk(t, func(name string) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return // not text
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			for _, r := range roots {
				if bytes.Contains(line, r) {
					t.Errorf("%s:%d: a path of somebody's machine: %s", name, i+1, r)
				}
			}
			for _, m := range home.FindAllSubmatch(line, -1) {
				if !nobody[string(m[2])] {
					t.Errorf("%s:%d: a path of somebody's machine: %s", name, i+1, m[0])
				}
			}
		}
	})
}

// Older versions have flaws that a fleet of hosts would feel.
func TestVersionFloors(t *testing.T) {
	floors := []struct {
		module string
		floor  [3]int
		reason string
	}{
		{"golang.org/x/crypto", [3]int{0, 56, 0}, "v0.52 spins on a closed connection; before v0.56 stderr can stall a forward and lines before the banner break the login"},
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range floors {
		m := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(f.module) + ` v(\d+)\.(\d+)\.(\d+)`).FindSubmatch(text)
		if m == nil {
			t.Errorf("go.mod does not require %s", f.module)
			continue
		}
		var have [3]int
		for i := range have {
			have[i], _ = strconv.Atoi(string(m[i+1]))
		}
		for i := range have {
			if have[i] != f.floor[i] {
				if have[i] < f.floor[i] {
					t.Errorf("%s is at %v, older than %v: %s", f.module, have, f.floor, f.reason)
				}
				break
			}
		}
	}
}

// A span is a stretch of a file.
type span struct{ from, to token.Pos }

// spans finds the calls of pkg.name in a file, for each of names.
func spans(f *ast.File, pkg string, names ...string) []span {
	var found []span
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == pkg {
			for _, name := range names {
				if sel.Sel.Name == name {
					found = append(found, span{call.Pos(), call.End()})
				}
			}
		}
		return true
	})
	return found
}

// polls finds the loops that call something to see whether it is time to end:
// in their condition, or, where they have none, by asking for the time.
func polls(f *ast.File) []span {
	var found []span
	ast.Inspect(f, func(n ast.Node) bool {
		loop, ok := n.(*ast.ForStmt)
		if !ok {
			return true
		}
		if loop.Cond != nil && calls(loop.Cond, "") || loop.Cond == nil && calls(loop.Body, "After") {
			found = append(found, span{loop.Pos(), loop.End()})
		}
		return true
	})
	return found
}

// calls reports whether a function or method of that name, or with "" any, is
// called below n.
func calls(n ast.Node, name string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			sel, _ := call.Fun.(*ast.SelectorExpr)
			found = found || name == "" || sel != nil && sel.Sel.Name == name
		}
		return !found
	})
	return found
}

// within reports whether s lies inside one of outer.
func within(s span, outer []span) bool {
	for _, o := range outer {
		if o.from <= s.from && s.to <= o.to {
			return true
		}
	}
	return false
}

// A dependency that nobody can give a reason for is one too many.
func TestEveryDirectDependencyHasItsReason(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`(?m)^(?:require |\t)(\S+\.\S+/\S+) v\S+$`)
	for _, m := range direct.FindAllSubmatch(mod, -1) {
		if !bytes.Contains(reasons, m[1]) {
			t.Errorf("docs/dependencies.md says nothing of %s", m[1])
		}
	}
}
