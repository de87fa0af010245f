package tasks

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
)

// section is a part of a task. They are in the order in which a host walks them.
type section int

const (
	inSteps section = iota
	inHandlers
	inRevert
	inOnFailure
	inAlways
)

// sectionOf is that of the steps in a block.
func sectionOf(block string) section {
	switch block {
	case "handler":
		return inHandlers
	case "revert":
		return inRevert
	case "on_failure":
		return inOnFailure
	case "always":
		return inAlways
	}
	return inSteps
}

// A taskDraft is a task while it is decoded.
type taskDraft struct {
	*decoder
	*Task
	steps  []*stepDraft // of all sections
	counts [inAlways + 1]int
	byName map[string]*stepDraft
	flush  *stepDraft // the first one
	uses   []usage    // of conditions
	said   int        // how many diagnostics there were before it

	results cty.Value // what step stands for where nothing is known; NilVal where it is not made
}

// A stepDraft is a step while it is decoded.
type stepDraft struct {
	*Step
	at      hcl.Range
	section section
	block   string // the type of the block around it, or its own
	index   int    // its place in the section
	attrs   hcl.Attributes
	notify  []word
}

// A word is an element of a list, with its place.
type word struct {
	text string
	at   hcl.Range
}

// task decodes a task block. It is nil where the task has no name of its own.
func (d *decoder) task(b *hcl.Block) *Task {
	name, ok := d.name(b)
	if have := d.byName[name]; have != nil {
		d.fail(b.DefRange, "Duplicate task", "There is already a task %q, at %s.", name, have.Place)
		ok = false
	}
	t := &taskDraft{decoder: d, Task: &Task{Name: name, Place: lang.Place(b.DefRange)}, byName: map[string]*stepDraft{}, said: len(d.diags)}
	attrs, blocks := d.content(b, d.def("task", taskDef))
	t.attributes(attrs)
	sections := map[string]*hcl.Block{}
	for _, inner := range blocks {
		switch inner.Type {
		case "rollout":
			t.Rollout = d.rollout(inner)
			sections[inner.Type] = inner
		case "precondition":
			t.preconditions = append(t.preconditions, t.condition(inner, conditionUse{}))
		case "postcondition":
			t.postconditions = append(t.postconditions, t.condition(inner, conditionUse{step: true}))
		case "step", "handler":
			t.step(inner, inner.Type)
		default:
			sections[inner.Type] = inner
			_, steps := d.content(inner, sectionDef(inner.Type, ""))
			for _, s := range steps {
				t.step(s, inner.Type)
			}
		}
	}
	t.sort()
	t.check(b, sections)
	if !ok {
		return nil
	}
	return t.Task
}

// attributes decodes those of the task itself.
func (t *taskDraft) attributes(attrs hcl.Attributes) {
	d := t.decoder
	read(d, attrs["description"], parseText, &t.Description)
	read(d, attrs["lock"], parseLock, &t.Lock)
	read(d, attrs["tags"], parseTags, &t.Tags)
	strategy := ""
	read(d, attrs["strategy"], oneOf(strategies()), &strategy)
	t.Linear = strategy == "linear"
	t.hosts(attrs["hosts"])
	t.dependsOn(attrs["depends_on"])
}

// hosts reads the selection of hosts. Whether there are such is for the plan.
func (t *taskDraft) hosts(a *hcl.Attribute) {
	var list []string
	if !readRequired(t.decoder, a, parseList, &list) {
		return
	}
	t.pattern, t.hostsAt = strings.TrimSpace(strings.Join(list, ",")), a.Expr.Range()
	switch {
	case t.pattern == "":
		t.fail(t.hostsAt, "Invalid hosts", "hosts is empty. A selection is written as \"@web\", \"web[01-10]\" or \"*\".")
	case t.pattern == "-" || t.pattern[0] == '^':
		t.fail(t.hostsAt, "Invalid hosts", "Lists of hosts in files are for the command line. Put the hosts into a group, or read them by a source.")
	}
}

// words are the elements of a list of texts, each with its place.
func (d *decoder) words(a *hcl.Attribute) []word {
	var list []string
	if !read(d, a, parseList, &list) {
		return nil
	}
	places := []hcl.Range{}
	if items, diags := hcl.ExprList(a.Expr); !diags.HasErrors() {
		for _, item := range items {
			places = append(places, item.Range())
		}
	}
	out := make([]word, len(list))
	for i, text := range list {
		out[i] = word{text, a.Expr.Range()}
		if len(places) == len(list) {
			out[i].at = places[i]
		}
	}
	return out
}

// sort puts the steps where they belong.
func (t *taskDraft) sort() {
	lists := map[section]*[]*Step{
		inSteps: &t.Steps, inHandlers: &t.Handlers, inRevert: &t.Revert, inOnFailure: &t.OnFailure, inAlways: &t.Always,
	}
	for _, s := range t.steps {
		list := lists[s.section]
		*list = append(*list, s.Step)
	}
}

// check looks for what is wrong with the task as a whole.
func (t *taskDraft) check(b *hcl.Block, sections map[string]*hcl.Block) {
	if len(t.Steps) == 0 && !t.diags[t.said:].HasErrors() {
		t.fail(b.DefRange, "Task without steps", "The task %q has no steps, so there is nothing to do.", t.Name)
	}
	for _, s := range t.steps {
		t.checkReferences(s)
		t.checkNotify(s)
		t.checkQuoting(s)
	}
	t.checkConditions()
	t.checkHandlers()
	revert, auto := sections["revert"], t.Rollout != nil && t.Rollout.AutoRevert
	switch {
	case auto && len(t.Revert) == 0:
		t.warn(sections["rollout"].DefRange, "Nothing to revert", "auto_revert is on, and the task has no revert steps to carry out.")
	case revert != nil && !auto:
		t.warn(revert.DefRange, "Revert not asked for", "revert is carried out where the rollout has auto_revert = true, and this task has no such rollout.")
	}
}

// checkNotify resolves the handlers that s notifies.
func (t *taskDraft) checkNotify(s *stepDraft) {
	for _, w := range s.notify {
		if h := t.byName[w.text]; h == nil || h.section != inHandlers {
			hint := t.near(w.text, "", t.handlerNames)
			if h != nil {
				hint = " It is the name of a step, and not of a handler."
			}
			t.fail(w.at, "Unknown handler", "There is no handler %q in this task.%s", w.text, hint)
			continue
		}
		s.Notify = append(s.Notify, w.text)
	}
}

// checkHandlers looks for handlers that no step notifies.
func (t *taskDraft) checkHandlers() {
	notified := map[string]bool{}
	for _, s := range t.steps {
		for _, w := range s.notify {
			notified[w.text] = true
		}
	}
	for _, s := range t.steps {
		if s.section == inHandlers && !notified[s.Name] {
			t.warn(s.at, "Unused handler", "No step notifies the handler %q, so it is never carried out.", s.Name)
		}
	}
}

func (t *taskDraft) handlerNames() []string {
	var out []string
	for _, s := range t.steps {
		if s.section == inHandlers {
			out = append(out, s.Name)
		}
	}
	return out
}
