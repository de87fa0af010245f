package lab

import (
	"fmt"
	"strings"
)

// assignGroups makes a small estate of the hosts: tiers of different sizes, two
// sites across them, and the faulty ones by themselves.
func assignGroups(hosts []*host) {
	n := len(hosts)
	for i, h := range hosts {
		tier := "web"
		switch {
		case i >= n-n/6:
			tier = "lb"
		case i >= n-n/6-n/4:
			tier = "db"
		}
		site := "ams"
		if i%2 == 1 {
			site = "fra"
		}
		h.Groups = []string{tier, site}
		if h.faulty {
			h.Groups = append(h.Groups, "faulty")
		}
	}
}

// inventory is the text of the inventory file.
func (l *Lab) inventory() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %d SSH hosts on loopback, served by one process.\n\n", len(l.hosts))
	fmt.Fprintf(&b, "connection {\n  user            = %s\n  identity        = [%s]\n  identities_only = true\n  known_hosts     = [%s]\n  host_key        = \"strict\"\n}\n\n",
		quote(l.User), quote(l.Identity), quote(l.KnownHosts))
	for _, g := range []struct{ name, label, comment string }{
		{"web", "tier", ""},
		{"db", "tier", ""},
		{"lb", "tier", ""},
		{"ams", "site", ""},
		{"fra", "site", ""},
		{"faulty", "", "# These misbehave.\n"},
	} {
		members := l.members(g.name)
		if members == "" {
			continue
		}
		fmt.Fprintf(&b, "%sgroup %q {\n  hosts  = [%s]\n", g.comment, g.name, quote(members))
		if g.label != "" {
			fmt.Fprintf(&b, "  labels = { %s = %q }\n", g.label, g.name)
		}
		b.WriteString("}\n\n")
	}
	for _, h := range l.hosts {
		if len(h.Faults) > 0 {
			fmt.Fprintf(&b, "# %s\n", strings.Join(h.Faults, ", "))
		}
		fmt.Fprintf(&b, "host %q {\n  address = %q\n  connection { port = %d }\n}\n", h.Name, h.Address, h.Port)
	}
	return b.String()
}

// members folds the names of a group's hosts: "lab[01-03,07]".
func (l *Lab) members(group string) string {
	var ranges []string
	first, last := -1, -1
	number := func(i int) string { return strings.TrimPrefix(l.hosts[i].Name, "lab") }
	flush := func() {
		switch {
		case first < 0:
		case first == last:
			ranges = append(ranges, number(first))
		default:
			ranges = append(ranges, number(first)+"-"+number(last))
		}
	}
	step := 1
	if group == "ams" || group == "fra" {
		step = 2 // every other host
	}
	for i, h := range l.hosts {
		if !h.in(group) {
			continue
		}
		if first >= 0 && i == last+step {
			last = i
			continue
		}
		flush()
		first, last = i, i
	}
	flush()
	if len(ranges) == 0 {
		return ""
	}
	if step == 2 && first != last {
		return fmt.Sprintf("lab[%s/2]", ranges[0])
	}
	return "lab[" + strings.Join(ranges, ",") + "]"
}

func (h *host) in(group string) bool {
	for _, g := range h.Groups {
		if g == group {
			return true
		}
	}
	return false
}

// quote writes s as an HCL string.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}
