package nodeset

import (
	"slices"
	"strings"
)

// Fold writes names as one short expression: "web[1-3],db1". Names may come in
// any order and repeat; each is taken as a whole, so that only names that could
// be written in an expression give one that [Expand] can read back. The result
// is that of ClusterShell's nodeset -f, and depends on the set of names alone.
func Fold(names []string) string {
	var b strings.Builder
	for _, f := range families(names) {
		for _, v := range f.vectors() {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			v.write(&b, f.shape)
		}
	}
	return b.String()
}

// A family is all the names that differ in their numbers only.
type family struct {
	shape   string // the name with placeholder for each number
	dims    int    // numbers in a name
	numbers []string
}

// A placeholder cannot be mistaken for text: in a shape no digit is text.
const placeholder = '0'

// families groups names by their shape, in order.
func families(names []string) []*family {
	byShape := make(map[string]*family)
	var shape []byte
	var numbers []string
	for _, name := range names {
		if name == "" {
			continue
		}
		shape, numbers = shape[:0], numbers[:0]
		for i := 0; i < len(name); {
			if d := digits(name[i:]); d != "" {
				shape, numbers = append(shape, placeholder), append(numbers, d)
				i += len(d)
				continue
			}
			shape = append(shape, name[i])
			i++
		}
		f := byShape[string(shape)]
		if f == nil {
			f = &family{shape: string(shape), dims: len(numbers)}
			byShape[f.shape] = f
		}
		f.numbers = append(f.numbers, numbers...)
	}
	all := make([]*family, 0, len(byShape))
	for _, f := range byShape {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *family) int { return Compare(a.shape, b.shape) })
	return all
}

// A vector is a product: one set of numbers, in order, for each placeholder.
type vector [][]string

// vectors splits the names of the family into products that do not overlap.
func (f *family) vectors() []vector {
	switch f.dims {
	case 0:
		return []vector{{}}
	case 1:
		slices.SortFunc(f.numbers, compareIndex)
		return []vector{{slices.Compact(f.numbers)}}
	}
	return newFolder(f).fold()
}

func (v vector) write(b *strings.Builder, shape string) {
	dim := 0
	for i := range len(shape) {
		if shape[i] != placeholder {
			b.WriteByte(shape[i])
			continue
		}
		writeRanges(b, v[dim])
		dim++
	}
}

// writeRanges writes numbers, which are in order, as "7" or "[1-3,7]".
func writeRanges(b *strings.Builder, numbers []string) {
	if len(numbers) == 1 {
		b.WriteString(numbers[0])
		return
	}
	sep := byte('[')
	for i := 0; i < len(numbers); {
		end := i + 1
		for end < len(numbers) && follows(numbers[i], numbers[end-1], numbers[end]) {
			end++
		}
		b.WriteByte(sep)
		b.WriteString(numbers[i])
		if end > i+1 {
			b.WriteByte('-')
			b.WriteString(numbers[end-1])
		}
		sep, i = ',', end
	}
	b.WriteByte(']')
}

// follows reports whether next continues the range that began with first and
// has reached last. In a padded range all have one width.
func follows(first, last, next string) bool {
	if padded(first) && len(next) != len(first) || !padded(first) && padded(next) {
		return false
	}
	a, aOK := number(last)
	b, bOK := number(next)
	return aOK && bOK && b == a+1
}
