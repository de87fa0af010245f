package inventory

import "github.com/hashicorp/hcl/v2"

// mistakes are what is wrong with expressions that are made for many hosts, each
// once. The zero value is ready for use.
type mistakes struct {
	all   hcl.Diagnostics
	hosts map[mistake][]*Host
}

// A mistake is a diagnostic without what differs between hosts.
type mistake struct {
	at              hcl.Range
	summary, detail string
}

func mistakeOf(d *hcl.Diagnostic) mistake { return mistake{*d.Subject, d.Summary, d.Detail} }

// add keeps what was found for h.
func (m *mistakes) add(h *Host, diags hcl.Diagnostics) {
	for _, d := range diags {
		key := mistakeOf(d)
		if m.hosts[key] == nil {
			m.all = append(m.all, d)
		}
		if m.hosts == nil {
			m.hosts = map[mistake][]*Host{}
		}
		m.hosts[key] = append(m.hosts[key], h)
	}
}

// nameHosts adds to each diagnostic for which hosts it was found. It is called
// once, at the end.
func (m *mistakes) nameHosts() {
	for _, d := range m.all {
		d.Detail += " This is so for " + Fold(m.hosts[mistakeOf(d)]) + "."
	}
}
