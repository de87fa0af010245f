package tasks

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
)

// checkQuoting warns of texts from outside that become a part of what a shell
// reads: a space or a quote in them makes another command of it.
func (t *taskDraft) checkQuoting(s *stepDraft) {
	for _, name := range []string{"command", "script", "unless", "only_if", "copy.validate", "template.validate"} {
		e := s.late.attrs[name]
		if e == nil {
			continue
		}
		said := map[string]bool{}
		for _, ref := range lang.Inserted(e) {
			what := lang.Spell(ref)
			if said[what] {
				continue
			}
			if said[what] = true; !t.isForeignText(ref, s) {
				continue
			}
			fix := fmt.Sprintf("Write shellquote(%s)", what)
			if name == "command" || name == "script" {
				fix += ", or give it in env and write \"$NAME\""
			}
			t.warn(ref.SourceRange(), "Unquoted value",
				"The shell reads %s as a part of %s: a space, a quote or a $ in it makes another command of it. %s.", what, name, fix)
		}
	}
}

// isForeignText reports whether ref stands for a text that the project does not
// decide: of a variable, a fact, a variable of a host, a secret, a step's output.
func (t *taskDraft) isForeignText(ref hcl.Traversal, s *stepDraft) bool {
	member := ""
	if len(ref) > 1 {
		if step, ok := ref[1].(hcl.TraverseAttr); ok {
			member = step.Name
		}
	}
	switch ref.RootName() {
	case "var":
		return !isPlain(t.typeOf(t.scope, ref))
	case "secret":
		return true
	case "step":
		last, ok := ref[len(ref)-1].(hcl.TraverseAttr)
		return ok && (last.Name == "stdout" || last.Name == "stderr")
	case "each":
		loop := s.late.attrs["for_each"]
		if loop == nil {
			return false
		}
		for _, inner := range lang.References(loop) {
			if inner.RootName() != "each" && t.isForeignText(inner, s) {
				return true
			}
		}
		return false
	case "host":
		if member == "facts" {
			return !isPlain(t.typeOf(t.scope.ForHost(t.inv.UnknownHost()), ref))
		}
		return member == "vars" && t.isForeignVar(ref)
	}
	return false
}

// isForeignVar reports whether host.vars.NAME, or a part of it, is a text
// somewhere.
func (t *taskDraft) isForeignVar(ref hcl.Traversal) bool {
	if len(ref) < 3 {
		return true
	}
	name, ok := ref[2].(hcl.TraverseAttr)
	if !ok {
		return true
	}
	types, known := t.varTypes[name.Name]
	if !known {
		types = t.inv.VarTypes(name.Name)
		t.varTypes[name.Name] = types
	}
	for _, ty := range types {
		v, diags := ref[3:].TraverseRel(cty.UnknownVal(ty))
		if !diags.HasErrors() && !isPlain(v.Type()) {
			return true
		}
	}
	return false
}

// typeOf is the type of what ref stands for, as far as it is known.
func (t *taskDraft) typeOf(scope *lang.Scope, ref hcl.Traversal) cty.Type {
	v, diags := scope.Eval(&hclsyntax.ScopeTraversalExpr{Traversal: ref, SrcRange: ref.SourceRange()}, cty.DynamicPseudoType)
	if diags.HasErrors() {
		return cty.Number // what is wrong is said elsewhere
	}
	return v.Type()
}

// isPlain reports whether values of a type are numbers, or true and false.
func isPlain(ty cty.Type) bool { return ty == cty.Number || ty == cty.Bool }
