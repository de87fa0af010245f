package ansible

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// addresses knows how Ansible takes a host pattern for an address.
type addresses struct {
	bracketed, withPort, ranges, hexRanges, hostname *regexp.Regexp
}

func newAddresses() *addresses {
	return &addresses{
		bracketed: regexp.MustCompile(`^\[(.+)\]:([0-9]+)$`),
		withPort:  regexp.MustCompile(`^((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)$`),
		ranges:    regexp.MustCompile(`(?i)\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]`),
		hexRanges: regexp.MustCompile(`(?i)\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\]`),
		hostname:  regexp.MustCompile(`^(?:\w[\w-]*)?[A-Za-z0-9](?:\.(?:\w[\w-]*)?[A-Za-z0-9])*$`),
	}
}

// split takes the port off a pattern. What is no address with a port in the
// eyes of Ansible is all name.
func (a *addresses) split(pattern string) (name, port string) {
	name = pattern
	for _, form := range []*regexp.Regexp{a.bracketed, a.withPort} {
		if m := form.FindStringSubmatch(name); m != nil {
			name, port = m[1], m[2]
		}
	}
	if port != "" && !a.isAddress(name) {
		return pattern, ""
	}
	return name, port
}

func (a *addresses) isAddress(s string) bool {
	if a.hostname.MatchString(a.ranges.ReplaceAllString(s, "0")) {
		return true
	}
	ip, err := netip.ParseAddr(a.hexRanges.ReplaceAllString(s, "1"))
	return err == nil && ip.Is6() && ip.Zone() == ""
}

// A span is one range of a pattern: what stands before it, and its members.
type span struct {
	before             string
	letters            string // the members, where they are letters
	first, step, count int
	width              int // zeros are put before numbers up to this
}

var errTooMany = errors.New("it stands for too many names")

// spans takes a pattern apart. It returns what stands after the last range, and
// how many names the pattern stands for, at most most.
func spans(pattern string, most int) (list []span, tail string, count int, err error) {
	count = 1
	for strings.Contains(pattern, "[") {
		var s span
		var inner string
		s.before, pattern, _ = strings.Cut(pattern, "[")
		var closed bool
		if inner, pattern, closed = strings.Cut(pattern, "]"); !closed {
			return nil, "", 0, errors.New("a bracket is not closed")
		}
		if err := s.parse(inner); err != nil {
			return nil, "", 0, err
		}
		if s.count > 0 && count > most/s.count {
			return nil, "", 0, errTooMany
		}
		count *= s.count
		list = append(list, s)
	}
	if len(list) > 20 { // of one member each
		return nil, "", 0, errors.New("it has more than 20 ranges")
	}
	return list, pattern, count, nil
}

// parse reads what is between the brackets: FIRST:LAST or FIRST:LAST:STEP.
func (s *span) parse(text string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	bounds := strings.Split(text, ":")
	if len(bounds) != 2 && len(bounds) != 3 {
		return errors.New("a range is written [FIRST:LAST] or [FIRST:LAST:STEP]")
	}
	first, last := bounds[0], bounds[1]
	if first == "" {
		first = "0"
	}
	s.step = 1
	if len(bounds) == 3 {
		n, err := strconv.Atoi(bounds[2])
		if err != nil || n < 1 {
			return errors.New("the step of a range is a number from 1 on")
		}
		s.step = min(n, 1<<30)
	}
	switch {
	case last == "":
		return errors.New("a range has to say where it ends")
	case len(first) > 1 && first[0] == '0':
		if len(last) != len(first) {
			return fmt.Errorf("the ends of a range with leading zeros have the same length, and %q and %q have not", shorten(first), shorten(last))
		}
		s.width = len(first)
	}
	from, to := strings.Index(letters, first), strings.Index(letters, last)
	if len(first) == 1 && len(last) == 1 && from >= 0 && to >= 0 {
		if from > to {
			return errors.New("a range of letters begins with the lower one; the lower case stands before the upper case")
		}
		s.letters = letters
		s.first, s.count = from, (to-from)/s.step+1
		return nil
	}
	lo, err1 := strconv.ParseUint(first, 10, 31)
	hi, err2 := strconv.ParseUint(last, 10, 31)
	if err1 != nil || err2 != nil {
		return errors.New("the ends of a range are numbers below 2147483648, or single letters")
	}
	s.first = int(lo)
	if hi >= lo {
		s.count = int(hi-lo)/s.step + 1
	}
	return nil
}

func (s *span) member(i int) string {
	n := s.first + i*s.step
	if s.letters != "" {
		return s.letters[n : n+1]
	}
	text := strconv.Itoa(n)
	if pad := s.width - len(text); pad > 0 {
		return strings.Repeat("0", pad) + text
	}
	return text
}

// expand calls visit with each name that a pattern stands for, in order.
func expand(list []span, tail, head string, visit func(name string)) {
	if len(list) == 0 {
		visit(head + tail)
		return
	}
	for i := range list[0].count {
		expand(list[1:], tail, head+list[0].before+list[0].member(i), visit)
	}
}

// shorten cuts what is quoted in a problem.
func shorten(s string) string {
	if r := []rune(s[:min(len(s), 256)]); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return s
}
