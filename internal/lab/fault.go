package lab

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fleet/internal/sshd"
)

// A faultKind is one thing that can go wrong on a host.
type faultKind struct {
	name   string
	value  string // what the value is; empty takes none
	preset string // the value where none is given; empty asks for one
	about  string
	apply  func(h *host, value string) error
}

// limit reports whether the kind is no fault, but what servers have anyway.
func (k *faultKind) limit() bool { return strings.HasPrefix(k.name, "max-") }

// faultKinds is built anew each time: there is nothing to share.
func faultKinds() []faultKind {
	flag := func(name, about string, set func(h *host)) faultKind {
		return faultKind{name: name, about: about, apply: func(h *host, _ string) error { set(h); return nil }}
	}
	duration := func(name, preset, about string, set func(f *sshd.Faults, d time.Duration)) faultKind {
		return faultKind{name, "DURATION", preset, about, func(h *host, value string) error {
			d, err := time.ParseDuration(value)
			if err != nil || d <= 0 {
				return fmt.Errorf("%q is no time such as 2s or 150ms", value)
			}
			set(&h.faults, d)
			return nil
		}}
	}
	return []faultKind{
		flag("refuse", "nobody listens on the port", func(h *host) { h.refuse = true }),
		flag("mute", "accepts connections and never says a word", func(h *host) { h.faults.Mute = true }),
		flag("garbage", "speaks something other than SSH", func(h *host) { h.faults.Garbage = "HTTP/1.1 400 Bad Request\r\n\r\n" }),
		duration("slow", "2s", "takes its time before it says hello", func(f *sshd.Faults, d time.Duration) { f.BannerDelay = d }),
		duration("far", "50ms", "is this far away, one way", func(f *sshd.Faults, d time.Duration) { f.Latency = d }),
		{"drop", "BYTES", "1", "loses the connection after so many bytes of command output", func(h *host, value string) error {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is no number of bytes", value)
			}
			h.faults.DropOutput = n
			return nil
		}},
		duration("cut", "1s", "loses every connection after so long", func(f *sshd.Faults, d time.Duration) { f.DropAfter = d }),
		flag("hostkey", "has another host key than known_hosts says", func(h *host) { h.strangeKey = true }),
		flag("login", "refuses every login", func(h *host) { h.faults.RefuseAuth = true }),
		flag("silent", "stays silent after the key exchange", func(h *host) { h.faults.SilentAuth = true }),
		flag("nostatus", "never tells how a command ended", func(h *host) { h.faults.NoExitStatus = true }),
		flag("stall", "never reads the input of commands", func(h *host) { h.faults.StallInput = true }),
		{"max-sessions", "N", "", "allows so many sessions on a connection (10 where nothing is said)", func(h *host, value string) error {
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return fmt.Errorf("%q is no number of sessions", value)
			}
			h.faults.MaxSessions = n
			if n == 0 {
				h.faults.MaxSessions = -1
			}
			return nil
		}},
		{"max-startups", "BEGIN:RATE:FULL", "10:30:100", "limits connections that have not logged in yet, as sshd does", func(h *host, value string) error {
			s, err := parseStartups(value)
			h.faults.MaxStartups = s
			return err
		}},
	}
}

func parseStartups(value string) (sshd.Startups, error) {
	parts := strings.Split(value, ":")
	var n [3]int
	for i, part := range parts {
		v, err := strconv.Atoi(part)
		if len(parts) != 3 || err != nil {
			return sshd.Startups{}, fmt.Errorf("%q is not of the form 10:30:100", value)
		}
		n[i] = v
	}
	s := sshd.Startups{Begin: n[0], Rate: n[1], Full: n[2]}
	return s, s.Check()
}

// Faults describes the faults, one a line, for a help text. A fault is
// "KIND=HOSTS" or "KIND=HOSTS:VALUE", and several may stand in one text,
// separated by spaces. HOSTS is "all" or names, numbers and ranges of them:
// "lab03", "lab03,lab07-lab09", "lab[03,07-09]". The limits may leave HOSTS
// out, which is all of them: "max-sessions=2".
func Faults() []string {
	var lines []string
	for _, k := range faultKinds() {
		form := k.name + "=HOSTS"
		if k.value != "" {
			form += ":" + k.value
		}
		if k.preset != "" {
			form = fmt.Sprintf("%s[:%s]", k.name+"=HOSTS", k.value)
		}
		lines = append(lines, fmt.Sprintf("%-37s %s", form, k.about))
	}
	return lines
}

// applyFaults reads the texts and makes the hosts misbehave.
func applyFaults(hosts []*host, texts []string) error {
	for _, text := range texts {
		specs := strings.Fields(text)
		if len(specs) == 0 {
			return errors.New(`a fault is KIND=HOSTS, as in "mute=lab03"`)
		}
		for _, spec := range specs {
			if err := applyFault(hosts, spec); err != nil {
				return fmt.Errorf("fault %q: %w", spec, err)
			}
		}
	}
	return nil
}

func applyFault(hosts []*host, spec string) error {
	name, rest, ok := strings.Cut(spec, "=")
	kinds := faultKinds()
	i := slices.IndexFunc(kinds, func(k faultKind) bool { return k.name == name })
	if i < 0 {
		var names []string
		for _, k := range kinds {
			names = append(names, k.name)
		}
		return fmt.Errorf("there is no kind %q; the kinds are %s", name, strings.Join(names, ", "))
	}
	kind := kinds[i]
	if !ok || rest == "" {
		return fmt.Errorf(`on which hosts? (hint: %s=%s)`, name, hosts[0].Name)
	}
	pattern, value, given := strings.Cut(rest, ":")
	if kind.limit() && limitAlone(kind, rest) {
		pattern, value, given = "all", rest, true
	}
	switch {
	case given && kind.value == "":
		return fmt.Errorf("%s takes no value, and %q is one", name, value)
	case !given && kind.value != "" && kind.preset == "":
		return fmt.Errorf("needs a value (hint: %s=%s:%s)", name, pattern, kind.value)
	case !given:
		value = kind.preset
	}
	chosen, err := choose(hosts, pattern)
	if err != nil {
		return err
	}
	for _, h := range chosen {
		if err := kind.apply(h, value); err != nil {
			return err
		}
		h.note(name, value, given)
		h.faulty = h.faulty || !kind.limit()
	}
	return nil
}

// limitAlone reports whether text is a value without hosts before it: a number
// for max-sessions, three of them for max-startups.
func limitAlone(kind faultKind, text string) bool {
	_, err := strconv.Atoi(strings.ReplaceAll(text, ":", ""))
	return err == nil && strings.Count(text, ":") == strings.Count(kind.value, ":")
}

// choose finds hosts by name, number or range.
func choose(hosts []*host, pattern string) ([]*host, error) {
	if pattern == "all" {
		return hosts, nil
	}
	inner, ok := strings.CutPrefix(pattern, "lab[")
	if ok {
		if pattern, ok = strings.CutSuffix(inner, "]"); !ok {
			return nil, fmt.Errorf("%q has no closing bracket", "lab["+inner)
		}
	}
	var chosen []*host
	for _, part := range strings.Split(pattern, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		first, err := index(hosts, low)
		if err != nil {
			return nil, err
		}
		last, err := index(hosts, high)
		if err != nil {
			return nil, err
		}
		if last < first {
			return nil, fmt.Errorf("the range %q goes backwards", part)
		}
		chosen = append(chosen, hosts[first:last+1]...)
	}
	return chosen, nil
}

// index finds one host by its name, or by its number with any padding.
func index(hosts []*host, name string) (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "lab"))
	if err != nil || n < 1 || n > len(hosts) || strings.ContainsAny(name, "+ ") {
		return 0, fmt.Errorf("there is no host %q; they are %s to %s", name, hosts[0].Name, hosts[len(hosts)-1].Name)
	}
	return n - 1, nil
}
