package tasks

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"fleet/internal/lang"
	"fleet/inventory"
)

// Options say what of a Set is to be carried out. The zero value is the only task
// that no other depends on, with all that it depends on, on all of its hosts.
type Options struct {
	// Names are the tasks to carry out, with all that they depend on.
	Names []string
	// Narrow selects the hosts that a task's selection means. Where none are left,
	// the task is carried out on none. Default: Inventory.Select.
	Narrow func(pattern string) ([]*inventory.Host, error)
	// Only and Skip are tags. Only chooses among the steps and the revert steps
	// of tasks; Skip leaves out whatever has the tag.
	Only, Skip []string
	// StartAt is STEP or TASK.STEP: what comes before it is left out.
	StartAt string
	// Unvalued lets variables have no value: what is made from them is not known
	// then. It is for checking files, and not for carrying them out.
	Unvalued bool
	// Exclude is an error where one of the lines is no pattern of those who copy
	// files. Default: none is looked at.
	Exclude func(lines []string) error
}

// Plan chooses tasks, their hosts and batches, and checks every expression for
// every host. The error is what is wrong with o, the diagnostics are what is
// wrong with the files. The Plan is nil where either has errors.
func (s *Set) Plan(o Options) (*Plan, lang.Diagnostics, error) {
	chosen, err := s.choose(o.Names)
	if err != nil {
		return nil, nil, err
	}
	p := &Plan{inv: s.inv, exclude: o.Exclude}
	planned := map[string]*Planned{}
	for _, t := range s.withDependencies(chosen) {
		one := &Planned{Task: t, Skip: map[*Step]string{}}
		for _, name := range t.DependsOn {
			one.After = append(one.After, planned[name])
		}
		planned[t.Name] = one
		p.Tasks = append(p.Tasks, one)
	}
	if diags := s.unvalued(p); diags.HasErrors() && !o.Unvalued {
		return nil, diags, nil
	}
	if diags := s.checkHosts(p); diags.HasErrors() {
		return nil, diags, nil
	}
	if err := s.giveHosts(p, o.Narrow); err != nil {
		return nil, nil, err
	}
	if err := s.skip(p, &o); err != nil {
		return nil, nil, err
	}
	diags := p.check()
	if diags.HasErrors() {
		return nil, diags, nil
	}
	return p, diags, nil
}

// unvalued tells which variables that the chosen tasks need have no value.
func (s *Set) unvalued(p *Plan) lang.Diagnostics {
	planned := make(map[string]bool, len(p.Tasks))
	for _, t := range p.Tasks {
		planned[t.Name] = true
	}
	var chosen hcl.Blocks
	for _, b := range s.inv.TaskBlocks() {
		if planned[b.Labels[0]] {
			chosen = append(chosen, b)
		}
	}
	return s.inv.Diagnose(s.inv.Scope().Unvalued(s.inv.Project().VariablesIn(chosen)))
}

// choose finds the tasks that are named.
func (s *Set) choose(names []string) ([]*Task, error) {
	if len(s.tasks) == 0 {
		return nil, errors.New("there are no tasks in this project; hint: a task is a block, task \"deploy\" { ... }, in a *.fleet.hcl file")
	}
	if len(names) == 0 {
		t, err := s.last()
		return []*Task{t}, err
	}
	known := s.byName()
	var out []*Task
	for _, name := range names {
		t := known[name]
		if t == nil {
			return nil, fmt.Errorf("no task %q in this project%s", name, didYouMean(name, s.names()))
		}
		out = append(out, t)
	}
	return out, nil
}

func (s *Set) byName() map[string]*Task {
	out := make(map[string]*Task, len(s.tasks))
	for _, t := range s.tasks {
		out[t.Name] = t
	}
	return out
}

// last is the only task that no other depends on.
func (s *Set) last() (*Task, error) {
	needed := map[string]bool{}
	for _, t := range s.tasks {
		for _, name := range t.DependsOn {
			needed[name] = true
		}
	}
	var ends []*Task
	var names []string
	for _, t := range s.tasks {
		if !needed[t.Name] {
			ends = append(ends, t)
			names = append(names, t.Name)
		}
	}
	if len(ends) != 1 {
		return nil, fmt.Errorf("say which tasks to carry out; there are %s", strings.Join(names, ", "))
	}
	return ends[0], nil
}

func (s *Set) names() []string {
	out := make([]string, len(s.tasks))
	for i, t := range s.tasks {
		out[i] = t.Name
	}
	return out
}

// didYouMean completes an error.
func didYouMean(name string, known []string) string {
	if near := lang.Suggest(name, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// withDependencies adds what tasks depend on, each before those that need it.
func (s *Set) withDependencies(chosen []*Task) []*Task {
	wanted := map[string]bool{}
	for _, t := range chosen {
		wanted[t.Name] = true
	}
	byName := s.byName()
	var out []*Task
	placed := map[string]bool{}
	var place func(t *Task)
	place = func(t *Task) {
		if placed[t.Name] {
			return
		}
		placed[t.Name] = true // Load refused cycles
		for _, name := range t.DependsOn {
			place(byName[name])
		}
		out = append(out, t)
	}
	for _, t := range s.tasks { // in the order of definition, however they are named
		if wanted[t.Name] {
			place(t)
		}
	}
	return out
}

// checkHosts looks for selections that mean nothing in this inventory.
func (s *Set) checkHosts(p *Plan) lang.Diagnostics {
	var all hcl.Diagnostics
	for _, t := range p.Tasks {
		if _, err := s.inv.Select(inventory.SelectOptions{Hosts: []string{t.pattern}}); err != nil {
			at := t.hostsAt
			all = append(all, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Invalid hosts",
				Detail:   sentence(err.Error()),
				Subject:  &at,
			})
		}
	}
	return s.inv.Diagnose(all)
}

// sentence makes an error one for the end of a paragraph.
func sentence(text string) string {
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, "?") && !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// giveHosts selects the hosts of all tasks and divides them into batches.
func (s *Set) giveHosts(p *Plan, narrow func(string) ([]*inventory.Host, error)) error {
	if narrow == nil {
		narrow = func(pattern string) ([]*inventory.Host, error) {
			return s.inv.Select(inventory.SelectOptions{Hosts: []string{pattern}})
		}
	}
	found := false
	for _, t := range p.Tasks {
		var err error
		if t.Hosts, err = narrow(t.pattern); err != nil {
			return fmt.Errorf("hosts of the task %q: %w", t.Name, err)
		}
		t.Batches = t.Rollout.batches(len(t.Hosts))
		t.MaxFailures, t.MaxUnreachable = t.Rollout.budget(len(t.Hosts))
		found = found || len(t.Hosts) > 0
	}
	if !found {
		return errors.New("no hosts are left of any task")
	}
	return nil
}
