package nodeset

import (
	"cmp"
	"strings"
)

// Compare orders names as people count: by the text around the numbers, then
// number by number. Of two numbers the one with fewer digits comes first, so
// that 2 < 10 < 010. It returns a negative number, zero or a positive number,
// and zero only if a == b.
func Compare(a, b string) int {
	i, j, byIndex := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case isDigit(a[i]) && isDigit(b[j]):
			x, y := digits(a[i:]), digits(b[j:])
			if byIndex == 0 {
				byIndex = compareIndex(x, y)
			}
			i, j = i+len(x), j+len(y)
		case a[i] == b[j]:
			i, j = i+1, j+1
		default:
			return symbol(a[i]) - symbol(b[j])
		}
	}
	if rest := (len(a) - i) - (len(b) - j); rest != 0 {
		return rest
	}
	return byIndex
}

// compareIndex orders numbers by value, those of one width together.
func compareIndex(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// symbol is the rank of a byte of a name. ClusterShell sorts by the name with
// "%s" for each number, so a number, whatever its digits, ranks where "%" does.
func symbol(c byte) int {
	if isDigit(c) {
		return '%'*2 - 1
	}
	return int(c) * 2
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits returns the digits s begins with.
func digits(s string) string {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return s[:n]
}

// padded reports whether zeros were put before the number.
func padded(s string) bool { return len(s) > 1 && s[0] == '0' }

// number returns the value of a string of digits, and whether it is small
// enough to count with.
func number(s string) (int64, bool) {
	s = strings.TrimLeft(s, "0")
	if len(s) > 18 {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}
