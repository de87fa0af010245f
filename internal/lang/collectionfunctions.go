package lang

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// coalesceFunc is coalesce as in Terraform: the first argument that is neither
// null nor an empty text.
func coalesceFunc() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{
			Name: "vals", Type: cty.DynamicPseudoType,
			AllowUnknown: true, AllowNull: true, AllowDynamicType: true, AllowMarked: true,
		},
		Type: func(args []cty.Value) (cty.Type, error) {
			types := make([]cty.Type, len(args))
			for i, a := range args {
				types[i] = a.Type()
			}
			ty, _ := convert.UnifyUnsafe(types)
			if ty == cty.NilType {
				return cty.DynamicPseudoType, errors.New("all arguments must have the same type")
			}
			return ty, nil
		},
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			var passed []cty.ValueMarks // which one is taken tells of those before
			for i, a := range args {
				v, err := convert.Convert(a, ty)
				if err != nil {
					return cty.UnknownVal(ty), function.NewArgError(i, err)
				}
				v, marks := v.Unmark()
				passed = append(passed, marks)
				if !v.IsKnown() {
					return cty.UnknownVal(ty).WithMarks(passed...), nil
				}
				if v.IsNull() || v.Type() == cty.String && v.AsString() == "" {
					continue
				}
				return v.WithMarks(passed...), nil
			}
			return cty.NullVal(ty), errors.New("all arguments are null or empty")
		},
	})
}

func listParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.List(cty.DynamicPseudoType)}
}

// indexFunc is the place of a value in a list.
func indexFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "list", Type: cty.DynamicPseudoType},
			{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true},
		},
		Type: function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			if kind := args[0].Type(); !kind.IsListType() && !kind.IsTupleType() {
				return cty.UnknownVal(ty), function.NewArgErrorf(0, "a list is required")
			}
			for it := args[0].ElementIterator(); it.Next(); {
				i, e := it.Element()
				same := e.Equals(args[1])
				if !same.IsKnown() {
					return cty.UnknownVal(ty), nil
				}
				if same.True() {
					return i, nil
				}
			}
			return cty.UnknownVal(ty), errors.New("the list does not have this value")
		},
	})
}

// matchkeysFunc picks the values whose key, at the same place, is among those
// that are searched for.
func matchkeysFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{listParam("values"), listParam("keys"), listParam("searchset")},
		Type: func(args []cty.Value) (cty.Type, error) {
			ty, _ := convert.UnifyUnsafe([]cty.Type{args[1].Type(), args[2].Type()})
			if ty == cty.NilType {
				return cty.NilType, errors.New("the keys and what is searched for must have the same type")
			}
			return args[0].Type(), nil
		},
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() || !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
				return cty.UnknownVal(ty), nil
			}
			if args[0].LengthInt() != args[1].LengthInt() {
				return cty.UnknownVal(ty), errors.New("there must be as many keys as values")
			}
			wanted, keys := args[2].AsValueSlice(), args[1].AsValueSlice()
			var out []cty.Value
			for i, v := range args[0].AsValueSlice() {
				for _, w := range wanted {
					if same, err := convertedEqual(keys[i], w); err == nil && same {
						out = append(out, v)
						break
					}
				}
			}
			if len(out) == 0 {
				return cty.ListValEmpty(ty.ElementType()), nil
			}
			return cty.ListVal(out), nil
		},
	})
}

func convertedEqual(a, b cty.Value) (bool, error) {
	ty, _ := convert.UnifyUnsafe([]cty.Type{a.Type(), b.Type()})
	if ty == cty.NilType {
		return false, nil
	}
	a, err := convert.Convert(a, ty)
	if err != nil {
		return false, err
	}
	b, err = convert.Convert(b, ty)
	if err != nil {
		return false, err
	}
	return a.RawEquals(b), nil
}

func matchkeysEffort(args []cty.Value) int {
	return times(length(args[1]), length(args[2])) / 4
}

// transposeFunc makes of a map of lists the map of the keys that list each value.
func transposeFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "values", Type: cty.Map(cty.List(cty.String))}},
		Type:   function.StaticReturnType(cty.Map(cty.List(cty.String))),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(ty), nil
			}
			keys := map[string][]string{}
			for it := args[0].ElementIterator(); it.Next(); {
				k, list := it.Element()
				if list.IsNull() {
					continue
				}
				for in := list.ElementIterator(); in.Next(); {
					_, e := in.Element()
					if e.IsNull() {
						return cty.UnknownVal(ty), errors.New("an element is null")
					}
					keys[e.AsString()] = append(keys[e.AsString()], k.AsString())
				}
			}
			if len(keys) == 0 {
				return cty.MapValEmpty(cty.List(cty.String)), nil
			}
			out := make(map[string]cty.Value, len(keys))
			for name, list := range keys {
				out[name] = listOf(list)
			}
			return cty.MapVal(out), nil
		},
	})
}
