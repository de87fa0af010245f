package lang

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// A Fleet answers what expressions ask about the hosts. It is safe for
// concurrent use.
type Fleet interface {
	// Hosts lists the names of the hosts that a selection expression means.
	Hosts(pattern string) ([]string, error)
	// Host is one host as an object, with what `host` has in expressions.
	Host(name string) (cty.Value, error)
}

// WithFleet is a scope in which hosts() and host() have answers. Locals are
// evaluated before there are hosts and cannot use them.
func (s *Scope) WithFleet(f Fleet) *Scope {
	out := *s
	out.fleet = f
	return &out
}

// fleetFunctions are those that Terraform does not have.
func fleetFunctions(t *table) map[string]function.Function {
	return map[string]function.Function{
		"env":        t.envFunc(),
		"fold":       t.foldFunc(),
		"host":       t.hostFunc(),
		"hosts":      t.hostsFunc(),
		"shellquote": shellquoteFunc(),
	}
}

func errNoFleet(name string) error {
	return errors.New("the hosts are not known yet; " + name + "() can be used where a value is made for one host at a time")
}

func (t *table) hostsFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "pattern", Type: cty.String}},
		Type:   function.StaticReturnType(cty.List(cty.String)),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			if t.scope.fleet == nil {
				return cty.UnknownVal(ty), errNoFleet("hosts")
			}
			found, err := t.scope.fleet.Hosts(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(ty), function.NewArgError(0, err)
			}
			if !t.scope.budget.pay(len(found) / 4) {
				return cty.UnknownVal(ty), errTooExpensive()
			}
			return listOf(found), nil
		},
	})
}

func listOf(texts []string) cty.Value {
	if len(texts) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	out := make([]cty.Value, len(texts))
	for i, s := range texts {
		out[i] = cty.StringVal(s)
	}
	return cty.ListVal(out)
}

func (t *table) hostFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "name", Type: cty.String}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			if t.scope.fleet == nil {
				return cty.UnknownVal(ty), errNoFleet("host")
			}
			v, err := t.scope.fleet.Host(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(ty), function.NewArgError(0, err)
			}
			return v, nil
		},
	})
}

// foldFunc writes a list of names as one pattern: web[1-3].
func (t *table) foldFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "names", Type: cty.List(cty.String)}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			var all []string
			for it := args[0].ElementIterator(); it.Next(); {
				_, e := it.Element()
				if !e.IsKnown() {
					return cty.UnknownVal(ty), nil
				}
				if e.IsNull() {
					return cty.UnknownVal(ty), function.NewArgErrorf(0, "an element is null")
				}
				all = append(all, e.AsString())
			}
			if t.scope.fold == nil {
				return cty.StringVal(strings.Join(all, ",")), nil
			}
			return cty.StringVal(t.scope.fold(all)), nil
		},
	})
}

// envFunc is a variable of fleet's own environment; null when it is not set, so
// that coalesce gives another and a forgotten one is noticed.
func (t *table) envFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "name", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, ok := t.scope.lookupEnv(args[0].AsString())
			t.scope.project.reads.add(EnvironmentInput+args[0].AsString(), fmt.Append(nil, ok, v))
			if ok {
				return cty.StringVal(v), nil
			}
			return cty.NullVal(cty.String), nil
		},
	})
}

// shellquoteFunc writes a value as one word of a shell command; a list as one
// word for each element.
func shellquoteFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			v := args[0]
			if !v.IsWhollyKnown() {
				return cty.UnknownVal(ty), nil
			}
			if kind := v.Type(); !kind.IsListType() && !kind.IsTupleType() && !kind.IsSetType() {
				word, err := shellWord(v)
				return cty.StringVal(word), err
			}
			var words []string
			for it := v.ElementIterator(); it.Next(); {
				_, e := it.Element()
				word, err := shellWord(e)
				if err != nil {
					return cty.UnknownVal(ty), err
				}
				words = append(words, word)
			}
			return cty.StringVal(strings.Join(words, " ")), nil
		},
	})
}

func shellWord(v cty.Value) (string, error) {
	s, err := convert.Convert(v, cty.String)
	switch {
	case err != nil:
		return "", function.NewArgErrorf(0, "a text, a number, a bool or a list of them is required")
	case s.IsNull():
		return "", function.NewArgErrorf(0, "null is no word")
	case strings.ContainsRune(s.AsString(), 0):
		return "", function.NewArgErrorf(0, "no word of a shell can hold a zero byte")
	}
	return quoteWord(s.AsString()), nil
}

// ShellQuote writes words as a shell command that has exactly these words, as
// shellquote() does.
func ShellQuote(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quoteWord(w)
	}
	return strings.Join(quoted, " ")
}

// quoteWord puts s between single quotes, unless it means itself to every shell.
func quoteWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+:,./-"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
