package nodeset

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// maxEffort bounds the work of folding one family of names with several
// numbers, in comparisons of two products: a fraction of a second.
const maxEffort = 20_000_000

// A folder merges products that differ in one dimension only, largest first,
// until nothing can be merged. The smallest cover by products is a hard
// problem; this is the order in which nodeset tries, so the result is its own.
//
// Numbers are small integers in their order, and sets of numbers are interned:
// set i is {i} where i is a number, so single names, by far the most, need no
// memory of their own, and sets are equal where their ids are.
type folder struct {
	dims    int
	numbers []string
	byText  []int32 // rank of each number as text
	sets    [][]int32
	ids     map[string]int32

	products []product
	effort   int

	// While products are merged into one along a dimension, the union is
	// only collected; dim is -1 where there is none. This keeps merging a
	// thousand of them from building a thousand sets.
	dim   int
	union []int32
	key   []byte
}

// A product is a set for each dimension. Products do not overlap.
type product struct {
	sets []int32
	size int
	dead bool // merged into another
}

func newFolder(f *family) *folder {
	m := &folder{dims: f.dims, ids: make(map[string]int32), effort: maxEffort, dim: -1}
	m.numbers = slices.Clone(f.numbers)
	slices.SortFunc(m.numbers, compareIndex)
	m.numbers = slices.Compact(m.numbers)
	id := make(map[string]int32, len(m.numbers))
	byText := make([]int32, len(m.numbers))
	m.sets = make([][]int32, len(m.numbers))
	for i, n := range m.numbers {
		id[n], byText[i], m.sets[i] = int32(i), int32(i), []int32{int32(i)}
	}
	slices.SortFunc(byText, func(a, b int32) int { return strings.Compare(m.numbers[a], m.numbers[b]) })
	m.byText = make([]int32, len(byText))
	for rank, i := range byText {
		m.byText[i] = int32(rank)
	}
	flat := make([]int32, len(f.numbers))
	for i, n := range f.numbers {
		flat[i] = id[n]
	}
	for s := range slices.Chunk(flat, f.dims) {
		m.products = append(m.products, product{sets: s, size: 1})
	}
	slices.SortFunc(m.products, func(a, b product) int { return slices.Compare(a.sets, b.sets) })
	m.products = slices.CompactFunc(m.products, func(a, b product) bool { return slices.Equal(a.sets, b.sets) })
	return m
}

// fold merges neighbors for as long as that helps, then any two.
func (m *folder) fold() []vector {
	m.sort()
	for full := false; ; {
		changed := m.pass(full)
		if m.sort(); m.effort <= 0 {
			break
		}
		if !changed && full {
			break
		}
		full = full || !changed
	}
	out := make([]vector, len(m.products))
	for i, p := range m.products {
		for _, s := range p.sets {
			var numbers []string
			for _, n := range m.sets[s] {
				numbers = append(numbers, m.numbers[n])
			}
			out[i] = append(out[i], numbers)
		}
	}
	return out
}

// sort drops the dead and puts the largest first, then those with the larger
// sets, then by the first and the last number as text, as nodeset does.
func (m *folder) sort() {
	m.products = slices.DeleteFunc(m.products, func(p product) bool { return p.dead })
	m.effort -= 16 * len(m.products) // about what sorting costs
	slices.SortStableFunc(m.products, func(a, b product) int {
		if a.size != b.size {
			return b.size - a.size
		}
		for d := range m.dims {
			if a.sets[d] == b.sets[d] {
				continue
			}
			x, y := m.sets[a.sets[d]], m.sets[b.sets[d]]
			if c := cmp.Or(
				len(y)-len(x),
				cmp.Compare(m.byText[x[0]], m.byText[y[0]]),
				cmp.Compare(m.byText[x[len(x)-1]], m.byText[y[len(y)-1]]),
			); c != 0 {
				return c
			}
		}
		return 0
	})
}

// pass goes once through the products, merging each with those right behind it,
// or with all behind it if full. It reports whether there were any.
func (m *folder) pass(full bool) bool {
	changed := false
	for i := range m.products {
		a := &m.products[i]
		if a.dead {
			continue
		}
		for j := i + 1; j < len(m.products) && m.effort > 0; j++ {
			b := &m.products[j]
			if b.dead {
				continue
			}
			m.effort--
			if m.merge(a, b) {
				b.dead, changed = true, true
			} else if !full {
				break
			}
		}
		m.settle(a)
	}
	return changed
}

// merge adds b to a if they differ in one dimension only.
func (m *folder) merge(a, b *product) bool {
	differ, at := 0, 0
	for d := range m.dims {
		if d != m.dim && a.sets[d] != b.sets[d] {
			if differ++; differ > 1 {
				return false
			}
			at = d
		}
	}
	if differ > 0 && m.dim >= 0 {
		if len(m.sets[b.sets[m.dim]]) != len(m.union) {
			return false
		}
		dim := m.dim
		if m.settle(a); a.sets[dim] != b.sets[dim] {
			return false
		}
	}
	if m.dim < 0 {
		m.dim = at
		m.union = append(m.union[:0], m.sets[a.sets[at]]...)
		m.effort -= len(m.union) / 8
	}
	m.union = append(m.union, m.sets[b.sets[m.dim]]...)
	return true
}

// settle makes the collected union a set of a.
func (m *folder) settle(a *product) {
	if m.dim < 0 {
		return
	}
	slices.Sort(m.union)
	m.effort -= len(m.union)
	m.key = m.key[:0]
	for _, n := range m.union {
		m.key = binary.LittleEndian.AppendUint32(m.key, uint32(n))
	}
	id, ok := m.ids[string(m.key)]
	if !ok {
		id = int32(len(m.sets))
		m.ids[string(m.key)] = id
		m.sets = append(m.sets, slices.Clone(m.union))
	}
	a.size = a.size / len(m.sets[a.sets[m.dim]]) * len(m.union)
	a.sets[m.dim] = id
	m.dim = -1
}
