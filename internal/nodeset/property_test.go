package nodeset

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// names draws a few names out of few enough that sets overlap.
func names() *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.StringMatching(`(n|web|x-)([0-9]|0[0-9]|1[0-2]|00[0-3])?(a[1-4]|-0?[1-3]b[1-2])?(\.net)?`), 0, 40)
}

// sorted returns the set of names as the package should give it.
func sorted(names []string) []string {
	s := slices.Clone(names)
	slices.SortFunc(s, Compare)
	return slices.Compact(s)
}

// mustExpand expands, and takes no expression for the empty set.
func mustExpand(t *rapid.T, expr string) []string {
	if expr == "" {
		return nil
	}
	got, err := Expand(expr)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestExpandUndoesFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := names().Draw(t, "names")
		want := sorted(in)
		folded := Fold(in)
		if got := mustExpand(t, folded); !slices.Equal(got, want) {
			t.Fatalf("Fold(%q) = %s, which is %q", in, folded, got)
		}
		if again := Fold(want); again != folded {
			t.Fatalf("Fold depends on the order: %s and %s", folded, again)
		}
	})
}

func TestPiecesOfAFoldDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := sorted(names().Draw(t, "names"))
		pieces := 0
		for _, f := range families(in) {
			for _, v := range f.vectors() {
				size := 1
				for _, s := range v {
					size *= len(s)
				}
				pieces += size
			}
		}
		if pieces != len(in) {
			t.Fatalf("%d names in pieces of %d", len(in), pieces)
		}
	})
}

func TestLawsOfTheAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := func(label string) string {
			return "(" + strings.Join(append(names().Draw(t, label), "n1"), ",") + ")"
		}
		a, b, c := set("a"), set("b"), set("c")
		for _, law := range [][2]string{
			{a + "," + b, b + "," + a},
			{a + "&" + b, b + "&" + a},
			{a + "^" + b, b + "^" + a},
			{a + "^" + b, "(" + a + "," + b + ")!(" + a + "&" + b + ")"},
			{a + "!" + b, a + "!(" + a + "&" + b + ")"},
			{a + "!" + b + "!" + c, a + "!(" + b + "," + c + ")"},
			{a + "&(" + b + "," + c + ")", "(" + a + "&" + b + "),(" + a + "&" + c + ")"},
			{a + "^" + b + "^" + c, a + "^(" + b + "^" + c + ")"},
			{a + "^" + b + "^" + b, a},
			{a + " " + b, a + "," + b},
			{a + "!" + b + "&" + c, "(" + a + "!" + b + ")&" + c},
		} {
			if x, y := mustExpand(t, law[0]), mustExpand(t, law[1]); !slices.Equal(x, y) {
				t.Fatalf("%s\nis  %q, but\n%s\nis  %q", law[0], x, law[1], y)
			}
		}
	})
}

func TestCompareIsATotalOrder(t *testing.T) {
	name := rapid.StringMatching(`[a0-2%.]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := name.Draw(t, "a"), name.Draw(t, "b"), name.Draw(t, "c")
		if x, y := Compare(a, b), Compare(b, a); x < 0 != (y > 0) || x == 0 != (a == b) {
			t.Fatalf("Compare(%q, %q) = %d, the other way %d", a, b, x, y)
		}
		if Compare(a, b) < 0 && Compare(b, c) < 0 && Compare(a, c) >= 0 {
			t.Fatalf("%q < %q < %q, but not the first and the last", a, b, c)
		}
	})
}
