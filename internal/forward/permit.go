package forward

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// A Permit is a set of targets: of addresses or names, and of ports.
type Permit struct {
	text        string
	network     netip.Prefix // valid where the permit is one of addresses
	name        string       // else: a pattern in lower case
	literal     bool         // the pattern is one of addresses, and holds no name
	first, last int
}

// Permits are the targets that a forward may go to. None at all permit everything.
type Permits []Permit

// ParsePermit reads "10.0.0.0/8:*", "db*.internal:5432", "host:8000-8100",
// "[::1]:80" or "*:443". In a name "*" is any characters and "?" is one.
func ParsePermit(text string) (Permit, error) {
	p, err := parsePermit(text)
	if err != nil {
		return Permit{}, fmt.Errorf(`%s: %w; write HOST:PORT, such as "10.0.0.0/8:*", "db*.internal:5432" or "[::1]:8000-8100"`, quote(text), err)
	}
	return p, nil
}

func parsePermit(text string) (Permit, error) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return Permit{}, errors.New("no port")
	}
	p := Permit{text: text}
	if err := p.setPorts(text[i+1:]); err != nil {
		return Permit{}, err
	}
	return p, p.setHost(text[:i])
}

func (p *Permit) setPorts(text string) (err error) {
	if text == "*" {
		p.first, p.last = 1, maxPort
		return nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if p.first, err = parsePort(first, "port's number"); err != nil {
		return err
	}
	p.last = p.first
	if isRange {
		if p.last, err = parsePort(last, "port's number"); err != nil {
			return err
		}
	}
	if p.first == 0 || p.last < p.first {
		return fmt.Errorf("%s are no ports", quote(text))
	}
	return nil
}

func (p *Permit) setHost(host string) error {
	bare := host
	if inner, ok := strings.CutPrefix(host, "["); ok {
		// Both "[fd00::]/8" and "[fd00::/8]" are what people write.
		address, bits, closed := strings.Cut(inner, "]")
		if !closed {
			return errors.New("a bracket that is not closed")
		}
		if bits != "" && bits[0] != '/' {
			return errors.New("something behind a bracket that is neither a colon nor a slash")
		}
		bare = address + bits
	} else if strings.Contains(host, ":") {
		return errors.New("an IPv6 address needs square brackets")
	}
	if strings.Contains(bare, "/") {
		network, err := netip.ParsePrefix(bare)
		if err != nil {
			return fmt.Errorf("%s is no network", quote(bare))
		}
		p.network = unmap(network)
		return nil
	}
	if ip, err := netip.ParseAddr(bare); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		p.network = netip.PrefixFrom(ip, ip.BitLen())
		return nil
	}
	if bare != host {
		return fmt.Errorf("%s is no IPv6 address", quote(bare))
	}
	// What a pattern has more than a name are its wildcards.
	if err := CheckHost(strings.NewReplacer("*", "x", "?", "x").Replace(bare)); err != nil {
		return err
	}
	p.name = canonical(bare)
	// "10.0.*" means addresses: who owns the name "10.0.evil.example" has it
	// stand for any.
	p.literal = strings.Trim(p.name, "0123456789.*?") == "" && strings.ContainsAny(p.name, "0123456789.")
	return nil
}

// unmap makes a network of IPv4 addresses written as IPv6 ones a network of IPv4.
func unmap(n netip.Prefix) netip.Prefix {
	if n.Addr().Is4In6() && n.Bits() >= 96 {
		n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-96)
	}
	return n.Masked()
}

// String is the permit as it was written.
func (p Permit) String() string { return p.text }

// Allows reports whether one of the permits has the target in it. A network holds
// addresses only, never names: what a name stands for is known where it is looked
// up, on the other side. A pattern holds names, and addresses as they are written
// in short; one of digits, dots and wildcards holds addresses only. An IPv4 address within IPv6 counts as IPv4.
func (p Permits) Allows(host string, port int) bool {
	if p == nil {
		return true
	}
	ip, err := netip.ParseAddr(host)
	isIP := err == nil
	if isIP {
		ip = ip.Unmap()
		host = ip.String()
	}
	host = canonical(host)
	for _, one := range p {
		if port < one.first || port > one.last {
			continue
		}
		if one.network.IsValid() {
			if isIP && one.network.Contains(ip) {
				return true
			}
		} else if (isIP || !one.literal) && matches(one.name, host) {
			return true
		}
	}
	return false
}

// canonical is a name as DNS compares it: without regard to case, or to the dot
// that may end it.
func canonical(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// matches reports whether name is of the pattern. It takes no longer than the
// product of their lengths.
func matches(pattern, name string) bool {
	p, n := 0, 0
	star, mark := -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
