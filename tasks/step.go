package tasks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"fleet/internal/lang"
)

// lateNames are the attributes of a step that are made for each host on its own.
func lateNames() []string {
	return []string{
		"when", "for_each", "on", "command", "argv", "script", "env", "cwd", "stdin", "become",
		"creates", "removes", "unless", "only_if", "changed", "failed",
	}
}

// defaultGuardTimeout bounds the guards of a step that has no timeout.
const defaultGuardTimeout = 30 * time.Second

// step decodes a step or handler block; in is the block around it, or its own
// type where that is the task.
func (t *taskDraft) step(b *hcl.Block, in string) {
	def := t.def("step", stepDef)
	if b.Type == "handler" {
		def = t.def("handler", handlerDef)
	}
	said := len(t.diags)
	attrs, blocks := t.content(b, def)
	unread := t.diags[said:].HasErrors() // which may have been its action
	s := &stepDraft{
		Step: &Step{Name: b.Labels[0], Place: lang.Place(b.DefRange), Retry: Retry{Attempts: 1, Backoff: 1}},
		at:   b.DefRange, section: sectionOf(in), block: in, attrs: attrs,
	}
	s.index = t.counts[s.section]
	t.counts[s.section]++
	s.late.attrs = map[string]hcl.Expression{}
	for _, name := range lateNames() {
		if a := attrs[name]; a != nil {
			s.late.attrs[name] = a.Expr
		}
	}
	t.constants(s)
	actions := t.stepBlocks(s, blocks)
	t.kind(s, actions, unread)
	t.conflicts(s, blocks)
	t.steps = append(t.steps, s)
	if _, ok := t.name(b); !ok {
		return
	}
	if have := t.byName[s.Name]; have != nil {
		t.fail(b.DefRange, "Duplicate step", "The task %q has a %s %q already, at %s. Expressions and reports tell steps and handlers by their names.",
			t.Name, have.word(), s.Name, lang.Place(have.at))
		return
	}
	t.byName[s.Name] = s
	if s.Kind == flushKind && t.flush == nil {
		t.flush = s
	}
}

// word is what the block is called.
func (s *stepDraft) word() string {
	if s.section == inHandlers {
		return "handler"
	}
	return "step"
}

// constants decodes the attributes that are the same for all hosts.
func (t *taskDraft) constants(s *stepDraft) {
	d, attrs := t.decoder, s.attrs
	for name, into := range map[string]*bool{
		"local": &s.Local, "once": &s.Once, "barrier": &s.Barrier, "health": &s.Health,
		"ignore_errors": &s.IgnoreErrors, "idempotent": &s.Idempotent,
	} {
		read(d, attrs[name], parseBool, into)
	}
	read(d, attrs["throttle"], parseCount, &s.Throttle)
	read(d, attrs["timeout"], parseTime, &s.Timeout)
	read(d, attrs["idle_timeout"], parseTime, &s.IdleTimeout)
	read(d, attrs["tags"], parseTags, &s.Tags)
	s.notify = d.words(attrs["notify"])
	s.GuardTimeout = defaultGuardTimeout
	if s.Timeout > 0 {
		s.GuardTimeout = s.Timeout
	}
}

// stepBlocks decodes the blocks in a step. It returns the actions among them.
func (t *taskDraft) stepBlocks(s *stepDraft, blocks hcl.Blocks) (actions []string) {
	for _, b := range blocks {
		switch b.Type {
		case "wait":
			t.wait(s, b)
			actions = append(actions, b.Type)
		case "tunnel":
			t.tunnel(s, b)
			actions = append(actions, b.Type)
		case "copy", "template", "fetch", "sync":
			t.files(s, b)
			actions = append(actions, b.Type)
		case "retry":
			t.retry(s, b)
		case "postcondition":
			s.late.postconditions = append(s.late.postconditions, t.condition(b, conditionUse{step: true, self: true, of: s}))
		}
	}
	return actions
}

func (t *taskDraft) retry(s *stepDraft, b *hcl.Block) {
	attrs, _ := t.content(b, retryDef())
	s.Retry.Delay = time.Second
	readRequired(t.decoder, attrs["attempts"], parseCount, &s.Retry.Attempts)
	read(t.decoder, attrs["delay"], parseDelay, &s.Retry.Delay)
	read(t.decoder, attrs["backoff"], parseFactor, &s.Retry.Backoff)
	read(t.decoder, attrs["max_delay"], parseTime, &s.Retry.MaxDelay)
}

func (t *taskDraft) wait(s *stepDraft, b *hcl.Block) {
	attrs, _ := t.content(b, waitDef())
	s.late.waitTimeout, s.late.waitDelay = time.Minute, time.Second
	read(t.decoder, attrs["timeout"], parseTime, &s.late.waitTimeout)
	read(t.decoder, attrs["delay"], parseTime, &s.late.waitDelay)
	found := 0
	for _, name := range []string{"port", "path", "http", "host"} {
		a := attrs[name]
		if a == nil {
			continue
		}
		s.late.attrs["wait."+name] = a.Expr
		if name != "host" {
			found++
		}
	}
	switch {
	case found != 1:
		t.fail(b.DefRange, "Invalid wait", "A wait is for exactly one of port, path and http; this one has %d.", found)
	case attrs["host"] != nil && attrs["port"] == nil:
		t.fail(attrs["host"].NameRange, "Invalid wait", "host goes with port; path and http say where by themselves.")
	}
}

// flushKind is the kind of a step at which handlers have their turn.
const flushKind = "flush"

// kind finds out what the step does.
func (t *taskDraft) kind(s *stepDraft, actions []string, unread bool) {
	for _, name := range []string{"command", "argv", "script"} {
		if s.attrs[name] != nil {
			actions = append(actions, name)
		}
	}
	flush := false
	if read(t.decoder, s.attrs["flush"], parseBool, &flush); flush {
		actions = append(actions, flushKind)
	}
	switch {
	case len(actions) == 1:
		s.Kind = actions[0]
	case len(actions) > 1:
		slices.Sort(actions)
		t.fail(s.at, "Conflicting actions", "A step does one thing, so that it is clear what failed; this one has %s. Make a step of each.", strings.Join(actions, " and "))
	case !unread && len(actions) == 0:
		t.fail(s.at, "Step without action", "A %s holds exactly one of command, argv, script, copy, template, fetch, sync, wait and tunnel; this one has none.", s.word())
	}
}

// conflicts looks for attributes that do not go together.
func (t *taskDraft) conflicts(s *stepDraft, blocks hcl.Blocks) {
	if s.section != inSteps && s.section != inHandlers {
		for _, name := range []string{"notify", "barrier", "health", "flush"} {
			if a := s.attrs[name]; a != nil {
				t.fail(a.NameRange, "Attribute not allowed here", "%s is for the steps of the task itself, and not for those in %s.", name, s.block)
			}
		}
	}
	if on := s.attrs["on"]; on != nil && s.Local {
		t.fail(on.NameRange, "Conflicting definitions", "on and local are two places for one step; keep one.")
	}
	if notify := s.attrs["notify"]; notify != nil && s.Health {
		t.fail(notify.NameRange, "Conflicting definitions", "A step with health = true is repeated when the handlers are over, and they would not be carried out for what it changes then. Take notify out, or make two steps.")
	}
	switch s.Kind {
	case flushKind:
		t.onlyFlush(s, blocks)
	case "wait":
		for _, name := range []string{"env", "cwd", "stdin"} {
			if a := s.attrs[name]; a != nil {
				t.fail(a.NameRange, "Attribute not allowed here", "%s is for commands and scripts; a wait runs none.", name)
			}
		}
	case tunnelKind:
		t.onlyTunnel(s)
	case "copy", "template", "fetch", "sync":
		t.onlyFiles(s)
	}
}

// onlyFlush refuses what a flush has no use for.
func (t *taskDraft) onlyFlush(s *stepDraft, blocks hcl.Blocks) {
	says := func(what string) string {
		return fmt.Sprintf("A step with flush = true carries out the handlers that were notified, and has nothing else but tags. Take %s out, or make two steps.", what)
	}
	for name, a := range s.attrs {
		if name != flushKind && name != "tags" {
			t.fail(a.NameRange, "Attribute not allowed here", "%s", says(name))
		}
	}
	for _, b := range blocks {
		t.fail(b.DefRange, "Block not allowed here", "%s", says(b.Type))
	}
}
