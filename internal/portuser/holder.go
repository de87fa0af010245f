package portuser

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// Holder names the process that listens where network and addr say, in the terms
// of net.Listen: "postgres (pid 812)", or where the process is another user's
// "a process of user postgres". It is false where nothing is known.
func Holder(network, addr string) (text string, ok bool) {
	if network == "unix" {
		return unixHolder(addr)
	}
	if !strings.HasPrefix(network, "tcp") {
		return "", false
	}
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return "", false
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return "", false
	}
	// A name, like no host at all, is any address: that is looked up elsewhere.
	ip, _ := netip.ParseAddr(host)
	return tcpHolder(ip.Unmap().WithZone(""), uint16(port))
}

// inTheWay tells how much a listener on bound is in the way of one on wanted: 0
// is not at all, and the highest number is most likely the reason.
func inTheWay(bound, wanted netip.Addr) int {
	switch {
	case bound == wanted:
		return 3
	case !wanted.IsValid() || wanted.IsUnspecified():
		return 2
	case bound.IsUnspecified():
		return 1
	default:
		return 0
	}
}

// printable is a process's name, which may hold anything, fit for a message.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.TrimSuffix(name, "\n"))
}
