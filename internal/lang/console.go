package lang

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// consoleName stands for the file in diagnostics about a typed expression.
const consoleName = "<console>"

// EvalText evaluates an expression that was typed, with a budget of its own.
// Relative paths in it count from the folder of the project. The project shows
// its source in diagnostics until the next call: one goroutine at a time.
func (s *Scope) EvalText(src string) (cty.Value, hcl.Diagnostics) {
	root := "."
	if len(s.project.folders) > 0 {
		root = s.project.folders[0]
	}
	s.project.sources[consoleName] = &hcl.File{Bytes: []byte(src)}
	fresh := *s
	fresh.budget = newBudget(maxSteps, "a line")
	e, diags := parseExpression([]byte(src), filepath.Join(root, consoleName), hcl.InitialPos)
	v := cty.DynamicVal
	if !diags.HasErrors() {
		var more hcl.Diagnostics
		v, more = fresh.Eval(e, cty.DynamicPseudoType)
		diags = append(diags, more...)
	}
	for _, d := range diags {
		if d.Subject != nil && filepath.Base(d.Subject.Filename) == consoleName {
			at := *d.Subject
			at.Filename = consoleName
			d.Subject = &at
		}
	}
	return v, diags
}

// Names lists what can be written in place of prefix, sorted, for completion:
// functions with their "(", roots such as "var", and behind a dot what the value
// before it has: "var.re" gives "var.region".
func (s *Scope) Names(prefix string) []string {
	var all []string
	dot := strings.LastIndexByte(prefix, '.')
	if dot < 0 {
		all = roots(s.ctx)
		t := s.tables.take(s)
		for name := range t.functions {
			all = append(all, name+"(")
		}
		s.tables.put(t)
	} else {
		for _, name := range s.members(prefix[:dot]) {
			all = append(all, prefix[:dot+1]+name)
		}
	}
	all = slices.DeleteFunc(all, func(name string) bool { return !strings.HasPrefix(name, prefix) })
	slices.Sort(all)
	return all
}

// members lists what the value of a path such as var.server has.
func (s *Scope) members(path string) []string {
	words := strings.Split(path, ".")
	v := s.value(words[0])
	for _, word := range words[1:] {
		if v == cty.NilVal {
			return nil
		}
		v, _ = v.Unmark()
		if !v.IsKnown() || v.IsNull() {
			return nil
		}
		switch ty := v.Type(); {
		case ty.IsObjectType() && ty.HasAttribute(word):
			v = v.GetAttr(word)
		case ty.IsMapType():
			v = v.AsValueMap()[word]
		default:
			return nil
		}
	}
	if v == cty.NilVal {
		return nil
	}
	return membersOf(v)
}

// Functions lists the names of all functions, sorted.
func Functions() []string { return slices.Sorted(maps.Keys(newTable().functions)) }
