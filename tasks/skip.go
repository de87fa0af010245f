package tasks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// skip says of each step that o leaves out why it does.
func (s *Set) skip(p *Plan, o *Options) error {
	known := s.tags()
	check := func(flag string, tags []string) error {
		for _, tag := range tags {
			if !slices.Contains(known, tag) {
				return fmt.Errorf("%s: no step or task has the tag %q%s", flag, tag, didYouMean(tag, known))
			}
		}
		return nil
	}
	if err := errors.Join(check("--only", o.Only), check("--skip", o.Skip)); err != nil {
		return err
	}
	for _, t := range p.Tasks {
		t.skipByTags(o)
	}
	if o.StartAt == "" {
		return nil
	}
	return p.startAt(o.StartAt)
}

// tags are those of all tasks and their steps.
func (s *Set) tags() []string {
	var out []string
	for _, t := range s.tasks {
		out = append(out, t.Tags...)
		for step := range t.allSteps() {
			out = append(out, step.Tags...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// skipByTags leaves out steps by their tags, and those of the task. What follows
// from other steps (handlers, on_failure, always) is not what --only chooses
// among: it is left out by --skip alone.
func (t *Planned) skipByTags(o *Options) {
	has := func(s *Step, tags []string) bool {
		return slices.ContainsFunc(tags, func(tag string) bool {
			return slices.Contains(s.Tags, tag) || slices.Contains(t.Tags, tag)
		})
	}
	for _, s := range slices.Concat(t.Steps, t.Revert) {
		if len(o.Only) > 0 && s.Kind != flushKind && !has(s, o.Only) {
			t.Skip[s] = "not in --only " + strings.Join(o.Only, ",")
		}
	}
	for s := range t.allSteps() {
		if has(s, o.Skip) {
			t.Skip[s] = "--skip " + strings.Join(o.Skip, ",")
		}
	}
}

// startAt leaves out the steps before one, and the tasks that its task depends on.
func (p *Plan) startAt(name string) error {
	at, step, err := p.stepNamed(name)
	if err != nil {
		return fmt.Errorf("--start-at: %w", err)
	}
	reason := "before --start-at " + name
	for _, s := range at.Steps[:slices.Index(at.Steps, step)] {
		at.Skip[s] = reason
	}
	left := map[*Planned]bool{}
	var leaveOut func(t *Planned)
	leaveOut = func(t *Planned) {
		for _, before := range t.After {
			if left[before] {
				continue
			}
			left[before] = true
			for s := range before.allSteps() {
				before.Skip[s] = reason
			}
			leaveOut(before)
		}
	}
	leaveOut(at)
	return nil
}

// stepNamed finds STEP or TASK.STEP among the steps of the plan's tasks.
func (p *Plan) stepNamed(name string) (*Planned, *Step, error) {
	task, short, qualified := strings.Cut(name, ".")
	var at *Planned
	var step *Step
	var matches, known []string
	for _, t := range p.Tasks {
		for _, s := range t.Steps {
			full := t.Name + "." + s.Name
			known = append(known, s.Name, full)
			if qualified && (t.Name != task || s.Name != short) || !qualified && s.Name != name {
				continue
			}
			at, step = t, s
			matches = append(matches, full)
		}
	}
	switch len(matches) {
	case 0:
		return nil, nil, fmt.Errorf("no step %q in the tasks to carry out%s", name, didYouMean(name, known))
	case 1:
		return at, step, nil
	}
	return nil, nil, fmt.Errorf("several tasks have a step %q; say which: %s", name, strings.Join(matches, ", "))
}
