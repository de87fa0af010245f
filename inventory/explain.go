package inventory

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"fleet/internal/lang"
)

// A Row is one effective setting of a host and where it comes from: "file:line",
// "-l flag", "ssh_config FILE:LINE" or "default". Secrets are not in it.
type Row struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	Origin  string `json:"origin"`
}

// Explain tells all effective settings of h, in a fixed order: connection,
// become, groups, labels, variables.
func (inv *Inventory) Explain(ctx context.Context, h *Host) ([]Row, error) {
	var rows []Row
	r := &resolution{inv: inv, flags: &inv.options.Flags}
	r.note = func(name, value, origin string) { rows = append(rows, Row{name, value, origin}) }
	if _, err := r.host(ctx, h); err != nil {
		return nil, err
	}
	rows = append(rows, h.becomeRows()...)
	for _, g := range h.groups {
		at := g.def.at
		rows = append(rows, Row{"group", g.Name, lang.Place(at)})
		if g.Protected {
			rows = append(rows, Row{"protected", g.Name, g.def.protected.origin()})
		}
	}
	labels := h.Labels()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		rows = append(rows, Row{"labels." + name, labels[name], lang.Place(h.layer.labels[name].at)})
	}
	vars := inv.Vars(h, 0)
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		rows = append(rows, Row{"vars." + name, showJSON(vars[name]), lang.Place(h.layer.vars[name].at)})
	}
	return rows, nil
}

func (h *Host) becomeRows() []Row {
	b := h.Become()
	if b == nil {
		return nil
	}
	var rows []Row
	for _, part := range []struct {
		id    settingID
		value string
	}{
		{setBecomeMethod, b.Method}, {setBecomeUser, b.User}, {setBecomePassword, b.Password.String()},
	} {
		s := h.layer.settings[part.id]
		if part.value == "" && (s == nil || s.late == nil) {
			continue
		}
		origin := "default"
		if s != nil {
			origin = s.origin()
			if s.sensitive {
				part.value = "(sensitive)"
			}
		}
		rows = append(rows, Row{settingName(part.id), part.value, origin})
	}
	return rows
}

// showJSON writes a text as it is, and all else as JSON.
func showJSON(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "?"
	}
	return strings.TrimSuffix(b.String(), "\n")
}
