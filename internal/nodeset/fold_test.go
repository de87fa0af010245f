package nodeset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFoldWritesTheShortForm(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing gives nothing", "", ""},
		{"one name stays", "web7", "web7"},
		{"a run becomes a range", "web1 web2 web3", "web[1-3]"},
		{"order and repeats do not matter", "web3 web1 web2 web1", "web[1-3]"},
		{"holes are commas", "n1 n2 n4 n9 n10 n11", "n[1-2,4,9-11]"},
		{"the suffix stays", "n1.example.net n2.example.net", "n[1-2].example.net"},
		{"names without digits stay", "db web1 web2 gw", "db,gw,web[1-2]"},
		{"padded and plain numbers are different names", "n1 n2 n01 n02", "n[1-2,01-02]"},
		{"a padded range does not grow wider", "n098 n099 n100 n999 n1000", "n[098-100,999-1000]"},
		{"a plain range may grow wider", "n8 n9 n10 n98 n99 n100", "n[8-10,98-100]"},
		{"numbers too large to count with stay", "n99999999999999999998 n99999999999999999999", "n[99999999999999999998,99999999999999999999]"},
		{"a full product is one piece", "r1n1 r1n2 r2n1 r2n2", "r[1-2]n[1-2]"},
		{"only one number varies", "r1n1 r1n2 r1n3", "r1n[1-3]"},
		{"a hole in a product", "r1n1 r1n2 r1n3 r2n1 r2n3 r3n1 r3n2 r3n3", "r[1,3]n[1-3],r2n[1,3]"},
		{"three numbers", "a1b1c1 a1b1c2 a2b1c1 a2b1c2", "a[1-2]b1c[1-2]"},
		{"addresses", "10.0.0.1 10.0.0.2 10.0.1.1 10.0.1.2", "10.0.[0-1].[1-2]"},
		{"an empty name is nothing", "  a1", "a1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Fold(strings.Split(tt.in, " ")); got != tt.want {
				t.Errorf("Fold(%s) = %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}

// ragged returns n names with two numbers that fold badly.
func ragged(n, side int) []string {
	r := rand.New(rand.NewPCG(3, 4))
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("r%dn%d", r.IntN(side), r.IntN(side))
	}
	return names
}

// ragged3 returns n names with three numbers.
func ragged3(n, side int) []string {
	r := rand.New(rand.NewPCG(7, 8))
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("a%db%dc%d", r.IntN(side), r.IntN(side), r.IntN(side))
	}
	return names
}

// diagonal returns names of which hardly two can be merged.
func diagonal(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("a%db%d", i/2, (i+1)/2)
	}
	return names
}

// flat returns n names with one number, in no order, a tenth of them missing.
func flat(n int) []string {
	r := rand.New(rand.NewPCG(5, 6))
	var names []string
	for i := 0; len(names) < n; i++ {
		if i%10 != 0 {
			names = append(names, fmt.Sprintf("node%06d.example.net", i))
		}
	}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}

func product2(a, b int) []string {
	var names []string
	for i := range a {
		for j := range b {
			names = append(names, fmt.Sprintf("r%dn%03d", i, j))
		}
	}
	return names
}

func TestFoldOfManyNamesIsRightWhateverTheEffort(t *testing.T) {
	for name, names := range map[string][]string{
		"sparse": ragged(20000, 3000), "dense": ragged(20000, 150), "product": product2(100, 200),
		"one row": product2(1, 20000), "one column": product2(20000, 1), "three": append(ragged(9000, 400), flat(9000)...),
	} {
		start := time.Now()
		folded := Fold(names)
		t.Logf("%s: %d names, %d bytes, %v", name, len(names), len(folded), time.Since(start))
		got, err := Expand(folded)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		slices.SortFunc(names, Compare)
		if want := slices.Compact(names); !slices.Equal(got, want) {
			t.Errorf("%s: %d names became %d", name, len(want), len(got))
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for name, names := range map[string][]string{
		"flat": flat(100_000), "product": product2(100, 1000), "sparse": ragged(100_000, 3000), "dense": ragged(100_000, 330),
		"three numbers": ragged3(100_000, 60), "diagonal": diagonal(100_000),
	} {
		b.Run(fmt.Sprintf("%s-%d", name, len(names)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Fold(names)
			}
		})
	}
}

func BenchmarkExpand(b *testing.B) {
	for _, expr := range []string{"node[000001-100000].example.net", "r[1-100]n[1-1000]", "n[1-100000]!n[5000-6000]&n[1-50000]"} {
		b.Run(expr, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Expand(expr); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
