package lang

import (
	"fmt"
	"slices"
)

// Suggest returns the candidate that was most likely meant by name, or "" when
// none is near. Equal distances are decided by the order of the alphabet.
func Suggest(name string, candidates []string) string {
	limit := max(1, min(len(name)/3, 3))
	best, bestDist := "", limit+1
	for _, c := range candidates {
		if abs(len(c)-len(name)) > limit || c == name {
			continue
		}
		d := distance(name, c, limit)
		if d < bestDist || d == bestDist && d <= limit && c < best {
			best, bestDist = c, d
		}
	}
	return best
}

// DidYouMean is a sentence for the end of a Detail, with a leading space; empty
// when nothing is near name. prefix is written before the suggestion ("@").
func DidYouMean(name, prefix string, candidates []string) string {
	s := Suggest(name, candidates)
	if s == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", prefix+s)
}

// distance counts the single-byte edits (insert, delete, change, swap of
// neighbors) between a and b; anything above limit is limit+1.
func distance(a, b string, limit int) int {
	var before []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur := make([]int, len(b)+1)
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		if slices.Min(cur) > limit {
			return limit + 1
		}
		before, prev = prev, cur
	}
	return prev[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
