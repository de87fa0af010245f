package source

import (
	"fmt"
	"net/netip"
	"strings"
)

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// CheckHostName says what is wrong with the name of a host, as the end of a
// sentence; "" when nothing is. The rule keeps out what a shell, a terminal or
// the arguments of another program could take for something else.
func CheckHostName(s string) string {
	switch {
	case s == "":
		return "it is empty"
	case len(s) > 255:
		return "it has more than 255 characters"
	case s[0] == '-':
		return "it begins with a dash"
	}
	if strings.ContainsAny(s, "[]") {
		if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err != nil || !a.Is6() {
			return "a range of hosts goes into the hosts of a group"
		}
	}
	for _, r := range s {
		if !strings.ContainsRune(alphanumeric+"_.:%[]-", r) {
			return fmt.Sprintf("%q is not allowed in it", r)
		}
	}
	return ""
}

// ValidGroupName reports whether s can name a group.
func ValidGroupName(s string) bool { return madeOf(s, alphanumeric+"_", alphanumeric+"_.-") }

// ValidLabelName reports whether s can name a label.
func ValidLabelName(s string) bool { return madeOf(s, alphanumeric+"_", alphanumeric+"_.-/") }

// madeOf reports whether s has characters of set only, and begins with one of first.
func madeOf(s, first, set string) bool {
	return s != "" && strings.ContainsRune(first, rune(s[0])) && strings.Trim(s, set) == ""
}
