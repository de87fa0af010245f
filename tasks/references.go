package tasks

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"fleet/internal/lang"
)

// A conditionUse says what a condition may refer to besides host.
type conditionUse struct {
	step, self bool
	of         *stepDraft // nil: it is one of the task
}

// condition decodes a precondition or postcondition block.
func (t *taskDraft) condition(b *hcl.Block, use conditionUse) *condition {
	attrs, _ := t.content(b, conditionDef(b.Type, ""))
	c := &condition{}
	for name, into := range map[string]*hcl.Expression{"condition": &c.expr, "error_message": &c.message} {
		if a := attrs[name]; a != nil {
			*into = a.Expr
			t.uses = append(t.uses, use.usage(b.Type, a))
		}
	}
	return c
}

func (u conditionUse) usage(block string, a *hcl.Attribute) usage {
	out := usage{expr: a.Expr, name: block + "." + a.Name, step: u.step, self: u.self, from: u.of}
	out.each = u.of != nil && u.of.late.attrs["for_each"] != nil
	return out
}

// A usage is an expression and what it may refer to.
type usage struct {
	expr             hcl.Expression
	name             string     // of the attribute
	from             *stepDraft // nil: the task
	step, self, each bool
}

// checkReferences checks what the expressions of a step refer to.
func (t *taskDraft) checkReferences(s *stepDraft) {
	_, loop := s.late.attrs["for_each"]
	for name, e := range s.late.attrs {
		t.checkUsage(usage{
			expr: e, name: name, from: s, step: true,
			self: name == "changed" || name == "failed",
			each: loop && name != "when" && name != "for_each",
		})
	}
}

// checkConditions checks what conditions refer to, when all steps are known.
func (t *taskDraft) checkConditions() {
	for _, u := range t.uses {
		t.checkUsage(u)
	}
}

// checkUsage checks what an expression refers to, and then what it comes to.
func (t *taskDraft) checkUsage(u usage) {
	said := len(t.diags)
	for _, ref := range lang.References(u.expr) {
		at := ref.SourceRange()
		switch root := ref.RootName(); {
		case root == "step" && !u.step:
			t.fail(at, "Step not known here", "A precondition is looked at before the first step, so no step has a result yet.")
		case root == "step":
			t.checkStep(u, ref)
		case root == "self" && !u.self:
			t.fail(at, "Reference not allowed here", "self is the result of the step that has just run; it is known in changed, failed and the postconditions of a step.%s", earlierHint(u))
		case root == "each" && !u.each:
			t.fail(at, "Reference not allowed here", "%s", t.noEach(u))
		}
	}
	if len(t.diags) == said {
		t.tryOut(u)
	}
}

// earlierHint tells those who want another step's result how to get it.
func earlierHint(u usage) string {
	if u.from == nil {
		return ""
	}
	return " Results of earlier steps are step.NAME."
}

func (t *taskDraft) noEach(u usage) string {
	switch {
	case u.from == nil:
		return "each is known in a step with for_each only."
	case u.name == "when":
		return "when decides about the step as a whole, before for_each; each is not known in it. Leave elements out in for_each itself: [for x in list : x if ...]."
	case u.name == "for_each":
		return "each is an element of for_each, and not known in it."
	}
	return fmt.Sprintf("The %s %q has no for_each, so there is no each.", u.from.word(), u.from.Name)
}

// checkStep checks a reference to step.NAME, and notes that the step's result is
// asked for.
func (t *taskDraft) checkStep(u usage, ref hcl.Traversal) {
	at := ref.SourceRange()
	name := ""
	if len(ref) > 1 {
		if step, ok := ref[1].(hcl.TraverseAttr); ok {
			name = step.Name
		}
	}
	if name == "" {
		t.fail(at, "Incomplete reference", "The name of a step must stand in the file itself: step.NAME.stdout.")
		return
	}
	to := t.byName[name]
	switch {
	case to == nil:
		t.fail(at, "Unknown step", "There is no step %q in the task %q.%s", name, t.Name, t.near(name, "step.", t.stepNames))
	case to == u.from:
		t.fail(at, "Step not known here", "A step cannot be made from its own result. In changed, failed and postcondition, self is the result.")
	case to.Kind == flushKind:
		t.fail(at, "Step not known here", "step.%s carries out handlers and has no result of its own. Ask for that of a handler: step.HANDLER.changed.", name)
	case !t.isBefore(to, u.from):
		t.fail(at, "Step not known here", "step.%s, at %s, is carried out after this, so it has no result yet.%s", name, lang.Place(to.at), t.whyAfter(to, u.from))
	default:
		to.Referenced = true
	}
}

func (t *taskDraft) stepNames() []string {
	out := make([]string, 0, len(t.byName))
	for name := range t.byName {
		out = append(out, name)
	}
	return out
}

// isBefore reports whether to has had its turn, as far as it has one, whenever
// from has; from is nil for the end of the steps and handlers.
func (t *taskDraft) isBefore(to, from *stepDraft) bool {
	switch {
	case from == nil:
		return to.section <= inHandlers
	case to.section == from.section:
		return to.index < from.index
	case from.section == inHandlers && to.section == inSteps && t.flush != nil:
		return to.index < t.flush.index
	case from.section == inSteps && to.section == inHandlers && t.flush != nil:
		return t.flush.index < from.index
	}
	return to.section < from.section
}

// whyAfter explains an order that cannot be seen from the lines.
func (t *taskDraft) whyAfter(to, from *stepDraft) string {
	switch {
	case from == nil || to.section == from.section:
		return ""
	case from.section == inHandlers && to.section == inSteps:
		return fmt.Sprintf(" Handlers have their turn at step %q, too.", t.flush.Name)
	case to.section == inHandlers && from.section == inSteps:
		return " Handlers have their turn after the steps, or at a step with flush = true."
	}
	return ""
}
