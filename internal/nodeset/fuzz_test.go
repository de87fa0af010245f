package nodeset

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"web[01-40]!web07", "r[1-2]n[01-04].example.net", "@rack[1-3]&dc=ams,tier!=db", `/a\/b/ (x^y)`, "web*,?", "n[0-8/2, 9]",
		"a[1-1000][1-1000][1-1000]", "((((", "n[00000000000000000001-2]", "a!!b", "é=ü", ",,",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		e, err := Parse(expr)
		if err != nil {
			pe, ok := errors.AsType[*Error](err)
			if !ok || pe.Column < 1 || pe.Column > utf8.RuneCountInString(expr)+1 || !utf8.ValidString(err.Error()) {
				t.Fatalf("Parse(%q): %v", expr, err)
			}
			return
		}
		size := 0
		walk(e.nodes, func(n node) {
			size++
			if n.pat != nil {
				size += n.pat.size - 1
			}
			if from := string([]rune(expr)[n.term.Pos-1:]); !strings.HasPrefix(from, n.term.Text) && utf8.ValidString(expr) {
				t.Fatalf("Parse(%q): term %q is not at column %d", expr, n.term.Text, n.term.Pos)
			}
		})
		if size > MaxSize {
			t.Fatalf("Parse(%q) let %d names pass", expr, size)
		}
		if size > 10_000 {
			return
		}
		names, err := e.Eval(&recorder{})
		if err != nil || !slices.IsSortedFunc(names, Compare) || len(names) > size {
			t.Fatalf("%q is %q, %v", expr, names, err)
		}
	})
}

// walk calls f for all terms.
func walk(nodes []node, f func(node)) {
	for _, n := range nodes {
		if n.term != nil {
			f(n)
		}
		walk(n.sub, f)
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{
		"n1 n2 n3", "n1 n01 n001", "r1n1 r1n2 r2n1 r2n2 r3n9", "a b c", "n999999999999999999 n1000000000000000000", "1 2 3", "a%1 a%s",
		"1.1.1 1.1.2 1.2.1 2.1.1", "n09 n10 n9",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		in := strings.Split(list, " ")
		folded := Fold(in)
		// What could not be written in an expression folds, but not back.
		in = slices.DeleteFunc(in, func(s string) bool {
			got, err := Expand(s)
			return err != nil || len(got) != 1 || got[0] != s
		})
		if len(in) == 0 {
			return
		}
		if len(in) == len(strings.Split(list, " ")) && folded != Fold(in) {
			t.Fatalf("Fold(%q) is not always the same", in)
		}
		folded = Fold(in)
		got, err := Expand(folded)
		if want := sorted(in); err != nil || !slices.Equal(got, want) {
			t.Fatalf("Fold(%q) = %s, which is %q, %v", in, folded, got, err)
		}
	})
}
