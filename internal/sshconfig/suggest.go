package sshconfig

import (
	"fmt"
	"maps"
	"slices"
)

// unknownKeyword is the error for a keyword ssh does not know, with the nearest
// one it does.
func unknownKeyword(name string, table map[string]*keyword) error {
	best, distance := "", 2 // at most this, less one, is near
	if len(name) > 3 {
		distance = 1 + max(2, len(name)/4)
	}
	for _, known := range slices.Sorted(maps.Keys(table)) {
		if d := editDistance(name, known, distance); d < distance {
			best, distance = known, d
		}
	}
	if best == "" {
		return fmt.Errorf("unknown keyword %q", name)
	}
	return fmt.Errorf("unknown keyword %q; did you mean %q?", name, best)
}

// editDistance counts the insertions, deletions and substitutions between a and
// b, or returns limit when there are at least that many.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return min(row[len(b)], limit)
}
