package main

import (
	"fmt"
	"io"
	"strings"

	"fleet/event"
	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/runner"
	"fleet/tasks"
)

// A planDocument is a plan as it is shown, saved and printed as JSON.
type planDocument struct {
	Tasks       []plannedTask    `json:"tasks"`
	Unreachable []plannedTrouble `json:"unreachable,omitempty"`
	Summary     planSums         `json:"summary"`
}

type plannedTask struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Hosts       []string       `json:"hosts"`
	Lock        string         `json:"lock,omitempty"`
	After       []string       `json:"after,omitempty"`
	Batches     []plannedBatch `json:"batches"`
	// The budget; absent where there is none.
	MaxFailures    *int          `json:"max_failures,omitempty"`
	MaxUnreachable *int          `json:"max_unreachable,omitempty"`
	Steps          []plannedStep `json:"steps"`

	rollout string // in words
}

type plannedBatch struct {
	Canary bool     `json:"canary,omitempty"`
	Hosts  []string `json:"hosts"`
}

type plannedStep struct {
	Section event.Section `json:"section"`
	Name    string        `json:"name"`
	Kind    string        `json:"kind"`
	Once    bool          `json:"once,omitempty"`
	Local   bool          `json:"local,omitempty"`
	Hosts   []plannedFate `json:"hosts"`
}

// A plannedFate is what hosts have in common at a step.
type plannedFate struct {
	Decision runner.Decision `json:"decision"`
	Reason   string          `json:"reason,omitempty"`
	Hosts    []string        `json:"hosts"`
	Tunnels  []plannedTunnel `json:"tunnels,omitempty"` // those that differ
	Diffs    []plannedDiff   `json:"diffs,omitempty"`   // those that differ
}

type plannedTrouble struct {
	Host    string        `json:"host"`
	Outcome event.Outcome `json:"outcome"`
	Kind    string        `json:"kind,omitempty"`
	Error   string        `json:"error"`
	Hint    string        `json:"hint,omitempty"`
}

// planSums counts a step on a host as one.
type planSums struct {
	Hosts       int `json:"hosts"`
	Run         int `json:"run"`
	Skip        int `json:"skip"`
	Later       int `json:"later"`
	Errors      int `json:"errors"`
	Unreachable int `json:"unreachable_hosts"`
}

// describePlan makes the document of a plan.
func describePlan(p *program, look *runner.Preview) *planDocument {
	doc := &planDocument{Tasks: []plannedTask{}, Summary: planSums{Hosts: len(p.hosts()), Unreachable: len(look.Unreachable)}}
	for _, t := range look.Tasks {
		doc.Tasks = append(doc.Tasks, doc.task(&t))
	}
	for _, h := range look.Unreachable {
		doc.Unreachable = append(doc.Unreachable, plannedTrouble(h))
	}
	return doc
}

func (doc *planDocument) task(look *runner.TaskPreview) plannedTask {
	t := look.Planned
	out := plannedTask{
		Name: t.Name, Description: t.Description, Hosts: hostNames(t.Hosts), Lock: t.Lock,
		Batches: batches(t), Steps: []plannedStep{}, rollout: rolloutText(t),
	}
	for _, before := range t.After {
		out.After = append(out.After, before.Name)
	}
	if t.Rollout != nil {
		out.MaxFailures, out.MaxUnreachable = &t.MaxFailures, &t.MaxUnreachable
	}
	for _, s := range look.Steps {
		step := plannedStep{Section: s.Section, Name: s.Step.Name, Kind: s.Step.Kind, Once: s.Step.Once, Local: s.Step.Local}
		for _, g := range s.Groups {
			doc.Summary.count(g.Decision, len(g.Hosts))
			step.Hosts = append(step.Hosts, plannedFate{g.Decision, g.Reason, g.Hosts, plannedTunnels(g.Tunnels), plannedDiffs(g.Diffs)})
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}

func (s *planSums) count(d runner.Decision, n int) {
	switch d {
	case runner.WillRun:
		s.Run += n
	case runner.WillSkip:
		s.Skip += n
	case runner.KnownLater:
		s.Later += n
	case runner.WontWork:
		s.Errors += n
	}
}

func batches(t *tasks.Planned) []plannedBatch {
	out := make([]plannedBatch, len(t.Batches))
	for i, b := range t.Batches {
		out[i] = plannedBatch{Canary: b.Canary, Hosts: make([]string, len(b.Hosts))}
		for k, place := range b.Hosts {
			out[i].Hosts[k] = t.Hosts[place].Name
		}
	}
	return out
}

// mostBatches is how many batches are shown with their hosts.
const mostBatches = 8

// print writes the plan for people.
func (doc *planDocument) print(w io.Writer) {
	for i := range doc.Tasks {
		t := &doc.Tasks[i]
		if i > 0 {
			fmt.Fprintln(w)
		}
		t.print(w)
	}
	if len(doc.Unreachable) > 0 {
		fmt.Fprintln(w)
		var names []string
		for _, h := range doc.Unreachable {
			names = append(names, h.Host)
		}
		fmt.Fprintf(w, "Could not be asked: %s\n", term.Clean(nodeset.Fold(names)))
	}
	s := doc.Summary
	fmt.Fprintf(w, "\nPlan: %s; steps to run %d, to skip %d, known after run %d", plural(s.Hosts, "host"), s.Run, s.Skip, s.Later)
	if s.Errors > 0 {
		fmt.Fprintf(w, ", that cannot work %d", s.Errors)
	}
	fmt.Fprintln(w, ".")
}

func (t *plannedTask) print(w io.Writer) {
	fmt.Fprintf(w, "task %s on %s: %s%s\n", term.Clean(t.Name), plural(len(t.Hosts), "host"), term.Clean(nodeset.Fold(t.Hosts)), t.rollout)
	if t.Lock != "" {
		fmt.Fprintf(w, "  lock %s\n", term.Clean(t.Lock))
	}
	if len(t.Batches) > 1 {
		for i, b := range t.Batches[:min(mostBatches, len(t.Batches))] {
			canary := ""
			if b.Canary {
				canary = " (canary)"
			}
			fmt.Fprintf(w, "  batch %d%s: %s\n", i+1, canary, term.Clean(nodeset.Fold(b.Hosts)))
		}
		if rest := len(t.Batches) - mostBatches; rest > 0 {
			fmt.Fprintf(w, "  and %d more\n", rest)
		}
	}
	section, width := event.Steps, t.nameWidth()
	for _, s := range t.Steps {
		if s.Section != section {
			section = s.Section
			fmt.Fprintf(w, "  %s:\n", section)
		}
		for i, fate := range s.Hosts {
			name := s.Name
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(w, "  %-*s  %s\n", width, term.Clean(name), fate.text(&s, len(t.Hosts)))
			fate.printDiffs(w, strings.Repeat(" ", width+4))
		}
	}
}

// nameWidth is how wide the longest name of a step is, within reason.
func (t *plannedTask) nameWidth() int {
	const most = 24
	width := 0
	for _, s := range t.Steps {
		width = max(width, len(s.Name))
	}
	return min(width, most)
}

// text says what happens to hosts at a step: all of them where that is so.
func (f *plannedFate) text(s *plannedStep, all int) string {
	what := map[runner.Decision]string{
		runner.WillRun:    "run",
		runner.WillSkip:   "skip",
		runner.KnownLater: "(known after run)",
		runner.WontWork:   "cannot work",
		runner.CannotAsk:  "could not be asked",
	}[f.Decision]
	switch {
	case f.Decision == runner.WillRun && s.Once:
		what = "run once"
	case f.Decision == runner.WillRun && s.Local:
		what = "run here"
	}
	if f.Reason != "" && f.Decision != runner.KnownLater && f.Decision != runner.CannotAsk { // told of the host
		what += " (" + term.Clean(f.Reason) + ")"
	}
	where := "all hosts"
	if len(f.Hosts) < all {
		where = fmt.Sprintf("%d: %s", len(f.Hosts), term.Clean(nodeset.Fold(f.Hosts)))
	}
	return what + ", " + where + f.leads()
}
