package lang

import (
	"errors"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// ownFunctions are those of Terraform that cty does not bring.
func ownFunctions() map[string]function.Function {
	return map[string]function.Function{
		"alltrue":      foldBools(true),
		"anytrue":      foldBools(false),
		"endswith":     textTest(strings.HasSuffix),
		"issensitive":  issensitiveFunc(),
		"length":       lengthFunc(),
		"nonsensitive": sensitiveFunc(false),
		"one":          oneFunc(),
		"sensitive":    sensitiveFunc(true),
		"startswith":   textTest(strings.HasPrefix),
		"strcontains":  textTest(strings.Contains),
		"sum":          sumFunc(),
		"type":         typeFunc(),
	}
}

func textTest(test func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: "part", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// foldBools looks for an element that is not neutral; the result is neutral when
// there is none.
func foldBools(neutral bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			out, marks := neutral, []cty.ValueMarks{}
			for it := args[0].ElementIterator(); it.Next(); {
				_, e := it.Element()
				e, m := e.Unmark()
				marks = append(marks, m)
				if !e.IsKnown() {
					return cty.UnknownVal(cty.Bool), nil
				}
				if (!e.IsNull() && e.True()) != neutral {
					out = !neutral
				}
			}
			return cty.BoolVal(out).WithMarks(marks...), nil
		},
	})
}

// lengthFunc is length as in Terraform: of collections, and of strings.
func lengthFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowMarked: true}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			ty := v.Type()
			switch {
			case ty == cty.DynamicPseudoType || !v.IsKnown():
				return cty.UnknownVal(cty.Number).WithMarks(marks), nil
			case ty == cty.String:
				n, err := stdlib.Strlen(v)
				return n.WithMarks(marks), err
			case v.CanIterateElements():
				return cty.NumberIntVal(int64(v.LengthInt())).WithMarks(marks), nil
			}
			return cty.UnknownVal(cty.Number), errors.New("a string or a collection is required")
		},
	})
}

func oneFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType, AllowMarked: true}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			if ty := v.Type(); !ty.IsListType() && !ty.IsSetType() && !ty.IsTupleType() || v.LengthInt() > 1 {
				return cty.DynamicVal, errors.New("a list of no or one element is required")
			}
			for it := v.ElementIterator(); it.Next(); {
				_, e := it.Element()
				return e.WithMarks(marks), nil
			}
			return cty.NullVal(cty.DynamicPseudoType).WithMarks(marks), nil
		},
	})
}

func sumFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Number)}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].LengthInt() == 0 {
				return cty.UnknownVal(cty.Number), errors.New("there is no sum of an empty list")
			}
			out := cty.Zero
			for it := args[0].ElementIterator(); it.Next(); {
				_, e := it.Element()
				if e.IsNull() {
					return cty.UnknownVal(cty.Number), errors.New("an element is null")
				}
				out = out.Add(e)
			}
			return out, nil
		},
	})
}

// sensitiveFunc adds or takes away the mark of what may not be shown.
func sensitiveFunc(on bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{anything()},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if on {
				return args[0].Mark(Sensitive), nil
			}
			v, _ := args[0].Unmark()
			return v, nil
		},
	})
}

// anything takes every kind of argument as it is.
func anything() function.Parameter {
	return letThrough(function.Parameter{Name: "value", Type: cty.DynamicPseudoType})
}

func issensitiveFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{anything()},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(args[0].IsMarked()), nil
		},
	})
}

// typeFunc is the type of a value, as it is written in a variable block.
func typeFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{anything()},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.StringVal(typeexpr.TypeString(args[0].Type())), nil
		},
	})
}
