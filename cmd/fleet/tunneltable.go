package main

import (
	"io"
	"slices"

	"fleet/internal/nodeset"
)

// foldTunnels puts those together that differ in nothing but the host: forwards
// that hosts listen on, and those that failed for the same reason. Where one that
// failed would have listened here is not told then: nothing does.
func foldTunnels(list []tunnelDocument) []tunnelDocument {
	var out []tunnelDocument
	hosts := map[tunnelDocument][]string{}
	for _, d := range list {
		host := d.Host
		d.Host = ""
		if d.State == "failed" && (d.Kind == "local" || d.Kind == "dynamic") {
			d.Listen = ""
		}
		if hosts[d] == nil {
			out = append(out, d)
		}
		hosts[d] = append(hosts[d], host)
	}
	for i, d := range out {
		out[i].Host = nodeset.Fold(hosts[d])
	}
	return out
}

// writeTunnels writes the table of tunnels that were opened.
func writeTunnels(w io.Writer, list []tunnelDocument) error {
	named := slices.ContainsFunc(list, func(d tunnelDocument) bool { return d.Name != "" })
	t := newTable(w)
	row := func(name string, rest ...string) {
		if named {
			rest = append([]string{name}, rest...)
		}
		t.row(rest...)
	}
	row("NAME", "HOST", "KIND", "LISTEN", "TARGET", "STATE")
	for _, d := range foldTunnels(list) {
		row(orDash(d.Name), d.Host, d.Kind, orDash(d.Listen), orDash(d.Target), d.State)
	}
	return t.Flush()
}

// orDash is text, or what stands in a table for nothing.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
