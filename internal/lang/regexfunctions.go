package lang

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// replaceFunc is replace as in Terraform: a substring between slashes is a
// regular expression.
func replaceFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "str", Type: cty.String},
			{Name: "substr", Type: cty.String},
			{Name: "replace", Type: cty.String},
		},
		Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if re, ok := slashed(args[1].AsString()); ok {
				return stdlib.RegexReplace(args[0], cty.StringVal(re), args[2])
			}
			return stdlib.Replace(args[0], args[1], args[2])
		},
	})
}

func slashed(s string) (string, bool) {
	if len(s) > 1 && s[0] == '/' && s[len(s)-1] == '/' {
		return s[1 : len(s)-1], true
	}
	return s, false
}

// replaceEffort counts the places to replace. A $ in a replacement inserts what
// was matched, at most all of the text once over all matches.
func replaceEffort(args []cty.Value) int {
	str, sub, repl := text(args[0]), text(args[1]), text(args[2])
	re, ok := slashed(sub)
	if !ok {
		return times(strings.Count(str, sub), len(repl)) / 32
	}
	effort := matchEffort(re, len(str))
	if effort >= maxSteps {
		return effort
	}
	matcher, err := regexp.Compile(re)
	if err != nil {
		return 1 // the call reports it
	}
	places := len(matcher.FindAllStringIndex(str, -1))
	return effort + len(str)/4 + (times(places, len(repl))+times(strings.Count(repl, "$"), len(str)))/32
}

func regexEffort(args []cty.Value) int { return matchEffort(text(args[0]), textLen(args[1])) }

// matchEffort is the time of matching a text of n bytes: it grows with the text
// and with the size of the compiled expression, which repetitions in braces make
// large.
func matchEffort(expr string, n int) int {
	if len(expr) > 10_000 {
		return tooMuch
	}
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return 1 // the call reports it
	}
	size := reSize(re)
	return size/10 + times(size, n)/200
}

func reSize(re *syntax.Regexp) int {
	size := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		size = min(size+reSize(sub), tooMuch)
	}
	if re.Op == syntax.OpRepeat {
		size = times(size, max(re.Min, re.Max, 1))
	}
	return size
}
