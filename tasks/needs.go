package tasks

import (
	"github.com/hashicorp/hcl/v2"

	"fleet/internal/lang"
)

// Opens reports whether s opens a tunnel, which stays for the rest of the task.
func (s *Step) Opens() bool { return s.Kind == tunnelKind }

// Changes reports whether s changes something, unless it says otherwise itself.
func (s *Step) Changes() bool { return s.Kind != "wait" && !s.Opens() }

// NeedsOutput reports whether an expression asks for what s prints: one of
// another step, or one that judges s itself.
func (s *Step) NeedsOutput() bool {
	if s.Referenced {
		return true
	}
	judges := []hcl.Expression{s.late.attrs["changed"], s.late.attrs["failed"]}
	for _, c := range s.late.postconditions {
		judges = append(judges, c.expr, c.message)
	}
	for _, e := range judges {
		if e == nil {
			continue
		}
		for _, t := range lang.References(e) {
			if t.RootName() == "self" {
				return true
			}
		}
	}
	return false
}
