package tasks

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fleet/inventory"
)

func TestThePlanKnowsWhereStepsAreDelegatedTo(t *testing.T) {
	for _, c := range []struct {
		name, inside string
		delegates    string // folded
		anywhere     []string
	}{
		{"nowhere", `step "a" { command = "true" }`, "", nil},
		{"a selection", `step "a" {
  on      = "@lb"
  command = "true"
}`, "lb[1-2]", nil},
		{"another one for each host", `step "a" {
  on      = "lb${min(host.index + 1, 2)}"
  command = "true"
}`, "lb[1-2]", nil},
		{"in always and revert", `always {
  step "a" {
    on      = "lb1"
    command = "true"
  }
}
revert {
  step "b" {
    on      = "lb2"
    command = "true"
  }
}`, "lb[1-2]", nil},
		{"what is not done", `step "a" {
  when    = false
  on      = "@lb"
  command = "true"
}`, "", nil},
		{"what may be done", `step "a" {
  when    = step.version.changed
  on      = "@lb"
  command = "true"
}`, "lb[1-2]", nil},
		{"for elements that are not known yet", `step "a" {
  for_each = split(" ", step.version.stdout)
  on       = "lb1"
  command  = "true"
}`, "lb1", nil},
		{"one element of two is not known yet", `step "a" {
  for_each = ["x", "y"]
  on       = each.key == "x" ? "lb1" : step.version.stdout
  command  = "true"
}`, "lb1", []string{"deploy.a"}},
		{"known after run", `step "a" {
  on      = step.version.stdout
  command = "true"
}`, "", []string{"deploy.a"}},
		{"by facts", `step "a" {
  on      = host.facts.os == "linux" ? "lb1" : "lb2"
  command = "true"
}`, "", []string{"deploy.a"}},
		{"an element that is not known yet", `step "a" {
  for_each = split(" ", step.version.stdout)
  on       = each.key
  command  = "true"
}`, "", []string{"deploy.a"}},
		{"the host itself", `step "a" {
  on      = null
  command = "true"
}`, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := prepared(t, project(c.inside))
			if got := inventory.Fold(p.Delegates); got != c.delegates {
				t.Errorf("delegates are %q, want %q", got, c.delegates)
			}
			if diff := cmp.Diff(c.anywhere, p.Anywhere); diff != "" {
				t.Error(diff)
			}
		})
	}
}
