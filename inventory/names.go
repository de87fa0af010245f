package inventory

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// madeOf reports whether s has characters of set only, and begins with one of first.
func madeOf(s, first, set string) bool {
	return s != "" && strings.ContainsRune(first, rune(s[0])) && strings.Trim(s, set) == ""
}

func validGroupName(s string) bool { return madeOf(s, alphanumeric+"_", alphanumeric+"_.-") }
func validLabelName(s string) bool { return madeOf(s, alphanumeric+"_", alphanumeric+"_.-/") }

// checkHostName says what is wrong with the name of a host; "" when nothing is.
func checkHostName(s string) string {
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

// parseAddress takes a DNS name or an IP address, without a port.
func parseAddress(v cty.Value, at hcl.Range) (any, error) {
	text, err := parseText(v, at)
	if err != nil {
		return nil, err
	}
	s := text.(string)
	if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
		s = strings.TrimSuffix(inner, "]")
	}
	if problem := checkHostName(s); problem != "" {
		return nil, fmt.Errorf("is no host name or IP address: %s", problem)
	}
	if strings.ContainsAny(s, "[]:%") {
		if _, err := netip.ParseAddr(s); err != nil {
			return nil, fmt.Errorf("is no host name or IP address; a port goes into connection { port = ... }")
		}
	}
	return s, nil
}
