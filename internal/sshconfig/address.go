package sshconfig

import (
	"net/netip"
	"strconv"
	"strings"
)

// finalHost is the form ssh gives a host name before it uses it: addresses of
// the family in their usual spelling, names in lower case.
func finalHost(host, family string) string {
	addr, err := netip.ParseAddr(host)
	ok := err == nil
	if !ok {
		addr, ok = looseIPv4(host)
	}
	switch {
	case ok && (addr.Is4In6() || addr.Is4() && family == "inet6" || addr.Is6() && family == "inet"):
		return host
	case ok:
		return addr.String()
	case strings.ContainsAny(host, "%:") || strings.Trim(host, "0123456789.") == "":
		return host // meant as an address
	default:
		return strings.ToLower(host)
	}
}

// looseIPv4 reads the spellings of inet_aton(3): one to four numbers, decimal,
// octal or hexadecimal, the last of which fills the bytes that are left.
func looseIPv4(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, part := range parts {
		limit := uint64(256)
		if i == len(parts)-1 {
			limit = 1 << (8 * (5 - len(parts)))
		}
		if part == "" || part[0] < '0' || part[0] > '9' || strings.Contains(part, "_") {
			return netip.Addr{}, false
		}
		n, err := strconv.ParseUint(strings.ToLower(part), cBase(part), 64)
		if err != nil || n >= limit {
			return netip.Addr{}, false
		}
		if i < len(parts)-1 {
			sum |= n << (8 * (3 - i))
		} else {
			sum |= n
		}
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}

// cBase is the base of a number written as in C, for ParseUint: 0 makes it see
// "0x" for itself.
func cBase(part string) int {
	switch {
	case strings.HasPrefix(part, "0x"), strings.HasPrefix(part, "0X"):
		return 0
	case part[0] == '0':
		return 8
	default:
		return 10
	}
}
