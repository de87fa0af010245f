package sshconfig

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// A Hop is one host of a ProxyJump list.
type Hop struct {
	Host string
	User string // empty where the list says nothing
	Port string // empty where the list says nothing
}

// ParseJump reads a ProxyJump list, first hop first: comma-separated
// [user@]host[:port] or ssh://[user@]host[:port]. "none" and an empty list have
// no hops.
func ParseJump(list string) ([]Hop, error) {
	if list == "" || strings.EqualFold(list, "none") {
		return nil, nil
	}
	var hops []Hop
	for text := range strings.SplitSeq(list, ",") {
		h, err := parseHop(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a list of jump hosts: %w", list, err)
		}
		hops = append(hops, h)
	}
	return hops, nil
}

func parseHop(text string) (h Hop, err error) {
	rest, isURI := strings.CutPrefix(text, "ssh://")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		if h.User, rest = rest[:i], rest[i+1:]; h.User == "" {
			return h, errors.New("a user name is empty")
		}
	}
	if isURI {
		rest = strings.TrimSuffix(rest, "/")
		name, _, _ := strings.Cut(h.User, ";") // connection parameters are not used
		if h.User, err = url.QueryUnescape(name); err != nil {
			return h, fmt.Errorf("the user name %q is not encoded well", name)
		}
	}
	if h.Host, rest, err = splitHost(rest); err != nil {
		return h, err
	}
	if rest != "" {
		h.Port, err = portValue(rest)
	}
	return h, err
}

// splitHost splits host[:port], where the host may stand in brackets.
func splitHost(s string) (host, port string, err error) {
	if inner, bracketed := strings.CutPrefix(s, "["); bracketed {
		var closed bool
		if host, port, closed = strings.Cut(inner, "]"); !closed {
			return "", "", errors.New("a bracket is not closed")
		}
		if port != "" && port[0] != ':' {
			return "", "", fmt.Errorf("%q follows a bracket", port)
		}
		port = strings.TrimPrefix(port, ":")
	} else {
		host, port, _ = strings.Cut(s, ":")
	}
	if host == "" {
		return "", "", errors.New("a host name is empty")
	}
	if strings.Contains(host, "/") {
		return "", "", fmt.Errorf("%q holds a slash", host)
	}
	return host, port, nil
}

// jumpValue checks a list and writes its last hop the way "ssh -G" does. It is
// "none" for no hops.
func jumpValue(list string) (string, error) {
	hops, err := ParseJump(list)
	if err != nil {
		return "", err
	}
	if len(hops) == 0 {
		return "none", nil
	}
	last := hops[len(hops)-1].String()
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		last = list[:i+1] + last
	}
	return last, nil
}

// String is the hop as it stands in a list.
func (h Hop) String() string {
	s := h.Host
	if strings.Contains(s, ":") || strings.Trim(s, "0123456789.") == "" {
		s = "[" + s + "]"
	}
	if h.User != "" {
		s = h.User + "@" + s
	}
	if h.Port != "" {
		s += ":" + h.Port
	}
	return s
}
