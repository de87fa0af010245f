//go:build unix

package examples_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// A happening is an event of the journal, as far as the tests look at it.
type happening struct {
	Event, Host, Section, Step, On, Outcome, Reason, Error string
	Batch                                                  int
	Changed                                                bool
}

// happened is what the journal has of a run, the last one where that is "".
func (p *project) happened(t *testing.T, run string) []happening {
	t.Helper()
	args := []string{"runs", "show", "--format", "jsonl"}
	if run != "" {
		args = append(args, run)
	}
	var list []happening
	for line := range strings.Lines(p.must(t, args...)) {
		var h happening
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			t.Fatal(err)
		}
		list = append(list, h)
	}
	return list
}

// A recorded run is one as "fleet runs list" has it.
type recorded struct{ ID, Status, Resumes string }

// runs lists those that are recorded, the last one first.
func (p *project) runs(t *testing.T) []recorded {
	t.Helper()
	var list []recorded
	if err := json.Unmarshal([]byte(p.must(t, "runs", "list", "--format", "json")), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// lastRun is the last one that is recorded.
func (p *project) lastRun(t *testing.T) recorded {
	t.Helper()
	list := p.runs(t)
	if len(list) == 0 {
		t.Fatal("no run is recorded")
	}
	return list[0]
}

// sent are the steps that were sent to hosts, in that order, as "host step", or
// "host step on" where another machine carried it out.
func sent(list []happening) []string {
	var out []string
	for _, h := range list {
		if h.Event == "step_start" {
			out = append(out, strings.TrimSpace(h.Host+" "+h.Step+" "+h.On))
		}
	}
	return out
}

// hostsAt are the hosts with an event for which is true, each once, sorted.
func hostsAt(list []happening, is func(h *happening) bool) []string {
	var out []string
	for i := range list {
		if is(&list[i]) {
			out = append(out, list[i].Host)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ended are the hosts of a run that ended with an outcome.
func ended(list []happening, outcome string) []string {
	return hostsAt(list, func(h *happening) bool { return h.Event == "host_end" && h.Outcome == outcome })
}

// before reports whether all events of the first kind come before all of the
// second, and there are both.
func before(list []happening, first, second func(h *happening) bool) bool {
	last, begin := -1, -1
	for i := range list {
		if first(&list[i]) {
			last = i
		}
		if begin < 0 && second(&list[i]) {
			begin = i
		}
	}
	return last >= 0 && last < begin
}
