package lang

import (
	"errors"
	"slices"

	"github.com/hashicorp/go-cty-funcs/cidr"
	"github.com/hashicorp/go-cty-funcs/crypto"
	"github.com/hashicorp/go-cty-funcs/encoding"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions is the table of all functions, under the names and with the meanings
// they have in Terraform. Each call pays for its arguments, and those that could
// make much out of little are held back first (limitedFunctions).
func functions(t *table) map[string]function.Function {
	out := map[string]function.Function{
		"try": tryfunc.TryFunc,
		"can": tryfunc.CanFunc,
	}
	for _, table := range []map[string]function.Function{
		numberFunctions(), textFunctions(), collectionFunctions(), encodingFunctions(), moreEncodings(), ownFunctions(),
		pathFunctions(), fileFunctions(t), timeFunctions(t), fleetFunctions(t),
		{"base64gunzip": base64gunzipFunc(t), "templatestring": t.templateStringFunc(), "yamldecode": yamldecodeFunc(t)},
	} {
		for name, f := range table {
			out[name] = limited(f, t, nil)
		}
	}
	for name, l := range limitedFunctions() {
		out[name] = limited(l.fn, t, l.effort)
	}
	return out
}

func numberFunctions() map[string]function.Function {
	return map[string]function.Function{
		"abs":    stdlib.AbsoluteFunc,
		"ceil":   stdlib.CeilFunc,
		"floor":  stdlib.FloorFunc,
		"log":    stdlib.LogFunc,
		"max":    stdlib.MaxFunc,
		"min":    stdlib.MinFunc,
		"pow":    stdlib.PowFunc,
		"signum": stdlib.SignumFunc,
	}
}

func textFunctions() map[string]function.Function {
	return map[string]function.Function{
		"chomp":      stdlib.ChompFunc,
		"formatdate": stdlib.FormatDateFunc,
		"lower":      stdlib.LowerFunc,
		"strlen":     stdlib.StrlenFunc,
		"strrev":     stdlib.ReverseFunc,
		"substr":     stdlib.SubstrFunc,
		"timeadd":    stdlib.TimeAddFunc,
		"title":      stdlib.TitleFunc,
		"trim":       stdlib.TrimFunc,
		"trimprefix": stdlib.TrimPrefixFunc,
		"trimspace":  stdlib.TrimSpaceFunc,
		"trimsuffix": stdlib.TrimSuffixFunc,
		"upper":      stdlib.UpperFunc,
	}
}

func collectionFunctions() map[string]function.Function {
	return map[string]function.Function{
		"chunklist":              stdlib.ChunklistFunc,
		"coalesce":               coalesceFunc(),
		"coalescelist":           stdlib.CoalesceListFunc,
		"compact":                stdlib.CompactFunc,
		"concat":                 stdlib.ConcatFunc,
		"contains":               stdlib.ContainsFunc,
		"element":                stdlib.ElementFunc,
		"flatten":                stdlib.FlattenFunc,
		"index":                  indexFunc(),
		"keys":                   stdlib.KeysFunc,
		"lookup":                 stdlib.LookupFunc,
		"merge":                  stdlib.MergeFunc,
		"range":                  stdlib.RangeFunc, // stops at 1024 by itself
		"reverse":                stdlib.ReverseListFunc,
		"setintersection":        stdlib.SetIntersectionFunc,
		"setsubtract":            stdlib.SetSubtractFunc,
		"setsymmetricdifference": stdlib.SetSymmetricDifferenceFunc,
		"setunion":               stdlib.SetUnionFunc,
		"slice":                  stdlib.SliceFunc,
		"sort":                   stdlib.SortFunc,
		"transpose":              transposeFunc(),
		"values":                 stdlib.ValuesFunc,
		"zipmap":                 stdlib.ZipmapFunc,
		"tobool":                 stdlib.MakeToFunc(cty.Bool),
		"tolist":                 stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap":                  stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"tonumber":               stdlib.MakeToFunc(cty.Number),
		"toset":                  stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"tostring":               stdlib.MakeToFunc(cty.String),
	}
}

func encodingFunctions() map[string]function.Function {
	return map[string]function.Function{
		"base64encode": encoding.Base64EncodeFunc,
		"cidrhost":     cidr.HostFunc,
		"cidrnetmask":  cidr.NetmaskFunc,
		"cidrsubnet":   cidr.SubnetFunc,
		"cidrsubnets":  cidr.SubnetsFunc,
		"jsonencode":   stdlib.JSONEncodeFunc,
		"md5":          crypto.Md5Func,
		"sha1":         crypto.Sha1Func,
		"sha256":       crypto.Sha256Func,
		"sha512":       crypto.Sha512Func,
		"urlencode":    encoding.URLEncodeFunc,
		"yamlencode":   ctyyaml.YAMLEncodeFunc,
	}
}

func errTooExpensive() error { return errors.New("it would take too long or make too much") }

// errSensitive stands for what a function says about arguments that may not be
// shown: it could quote them.
func errSensitive() error {
	return errors.New("an argument does not fit; it is sensitive, so that nothing more can be said")
}

// limited is fn with a price: what effort says, besides the size of the arguments.
// The type of the result is asked for first, so it is paid there. All kinds of
// arguments are let through: it is for fn to refuse or unmark them.
func limited(fn function.Function, t *table, effort func([]cty.Value) int) function.Function {
	spec := &function.Spec{
		Type: func(args []cty.Value) (cty.Type, error) {
			b := t.scope.budget
			for _, a := range args {
				if !b.payFor(a) {
					return cty.DynamicPseudoType, errTooExpensive()
				}
			}
			if effort != nil && !b.pay(effort(args)) {
				return cty.DynamicPseudoType, errTooExpensive()
			}
			ty, err := fn.ReturnTypeForValues(args)
			return ty, discreet(err, args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := fn.Call(args)
			return v, discreet(err, args)
		},
	}
	for _, p := range fn.Params() {
		spec.Params = append(spec.Params, letThrough(p))
	}
	if p := fn.VarParam(); p != nil {
		rest := letThrough(*p)
		spec.VarParam = &rest
	}
	return function.New(spec)
}

func letThrough(p function.Parameter) function.Parameter {
	p.AllowMarked, p.AllowUnknown, p.AllowNull, p.AllowDynamicType = true, true, true, true
	return p
}

// discreet is err, or something that says less where an argument is sensitive.
func discreet(err error, args []cty.Value) error {
	if err == nil || !slices.ContainsFunc(args, IsSensitive) {
		return err
	}
	if mistake, ok := errors.AsType[*templateError](err); ok {
		return errors.New(mistake.short())
	}
	if arg, ok := errors.AsType[function.ArgError](err); ok {
		return function.NewArgError(arg.Index, errSensitive())
	}
	return errSensitive()
}
