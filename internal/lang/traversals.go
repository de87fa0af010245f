package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// References lists what e refers to, also where it is written in JSON. Variables
// of loops in it are not among them.
func References(e hcl.Expression) []hcl.Traversal {
	native, _ := nativeExpr(e)
	return native.Variables()
}

// Inserted lists the references of which the text, as it is, becomes a part of a
// template in e: those in ${...} that are not quoted by shellquote(), and from
// which no function makes a text of harmless characters. A template that is one
// reference alone, and a reference without a template, insert nothing.
func Inserted(e hcl.Expression) []hcl.Traversal {
	native, _ := nativeExpr(e)
	return inTemplates(native)
}

// inTemplates finds the templates in e whose text becomes the text of e.
func inTemplates(e hclsyntax.Expression) []hcl.Traversal {
	switch e := e.(type) {
	case *guarded:
		return inTemplates(e.Expression)
	case *hclsyntax.ParenthesesExpr:
		return inTemplates(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return inTemplates(e.Wrapped)
	case *hclsyntax.ConditionalExpr:
		return append(inTemplates(e.TrueResult), inTemplates(e.FalseResult)...)
	case *hclsyntax.TupleConsExpr:
		var out []hcl.Traversal
		for _, element := range e.Exprs {
			out = append(out, inTemplates(element)...)
		}
		return out
	case *hclsyntax.FunctionCallExpr:
		switch e.Name {
		case "format":
			return bare(e)
		case "join", "trimspace", "chomp", "trim", "indent", "replace":
			var out []hcl.Traversal
			for _, arg := range e.Args {
				out = append(out, inTemplates(arg)...)
			}
			return out
		}
	case *hclsyntax.TemplateExpr:
		return bare(e)
	}
	return nil
}

// bare lists the references whose text flows into that of e as it is.
func bare(e hclsyntax.Expression) []hcl.Traversal {
	switch e := e.(type) {
	case *guarded:
		return bare(e.Expression)
	case *hclsyntax.ParenthesesExpr:
		return bare(e.Expression)
	case *hclsyntax.ScopeTraversalExpr:
		return []hcl.Traversal{e.Traversal}
	case *hclsyntax.RelativeTraversalExpr:
		return bare(e.Source)
	case *hclsyntax.IndexExpr:
		return bare(e.Collection)
	case *hclsyntax.SplatExpr:
		return bare(e.Source)
	case *hclsyntax.TemplateWrapExpr:
		return bare(e.Wrapped)
	case *hclsyntax.TemplateJoinExpr:
		return bare(e.Tuple)
	case *hclsyntax.TemplateExpr:
		return bareOf(e.Parts...)
	case *hclsyntax.TupleConsExpr:
		return bareOf(e.Exprs...)
	case *hclsyntax.ConditionalExpr:
		return bareOf(e.TrueResult, e.FalseResult)
	case *hclsyntax.ObjectConsExpr:
		var out []hcl.Traversal
		for _, item := range e.Items {
			out = append(out, bareOf(item.ValueExpr)...)
		}
		return out
	case *hclsyntax.ForExpr:
		return bareLoop(e)
	case *hclsyntax.FunctionCallExpr:
		if !makesHarmless(e.Name) {
			return bareOf(e.Args...)
		}
	}
	return nil // operators make numbers and booleans
}

func bareOf(list ...hclsyntax.Expression) []hcl.Traversal {
	var out []hcl.Traversal
	for _, e := range list {
		out = append(out, bare(e)...)
	}
	return out
}

// bareLoop takes a variable of the loop for the collection that it comes from,
// once: loops in loops would else list it again and again.
func bareLoop(e *hclsyntax.ForExpr) []hcl.Traversal {
	var out []hcl.Traversal
	loops := false
	for _, t := range bare(e.ValExpr) {
		if name := t.RootName(); name == e.KeyVar || name == e.ValVar {
			loops = true
			continue
		}
		out = append(out, t)
	}
	if loops {
		out = append(out, bare(e.CollExpr)...)
	}
	return out
}

// makesHarmless are the functions whose result a shell takes as one word, or as
// no text at all.
func makesHarmless(name string) bool {
	switch name {
	case "shellquote", "base64encode", "base64gzip", "base64sha256", "base64sha512", "md5", "sha1", "sha256", "sha512", "urlencode", "uuidv5",
		"abs", "ceil", "floor", "index", "length", "log", "max", "min", "parseint", "pow", "signum", "sum", "tonumber",
		"alltrue", "anytrue", "can", "contains", "endswith", "startswith", "strcontains", "tobool", "fileexists":
		return true
	}
	return false
}

// Spell writes a reference as it stands in the source: var.list[0].name.
func Spell(t hcl.Traversal) string { return traversalString(t) }
