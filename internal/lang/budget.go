package lang

import (
	"reflect"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// maxSteps is what the expressions of a project may cost together, besides one
// step for each byte of its files. A step is an element of a value, 32 bytes of a
// string, or one round of a loop: about a microsecond and at most 200 bytes.
const maxSteps = 250_000

// maxNumberBits bounds the exponent of a number: 1e1000000000 is ten bytes to
// write and a gigabyte to print.
const maxNumberBits = 4096

// A budget is what may still be spent. It is shared by all goroutines that
// evaluate in one scope.
type budget struct {
	steps int    // at first
	whose string // "a project"
	left  atomic.Int64
	value cty.Value // the budget itself, for a context
}

func newBudget(steps int, whose string) *budget {
	b := &budget{steps: steps, whose: whose}
	b.left.Store(int64(steps))
	b.value = cty.CapsuleVal(cty.Capsule("budget", reflect.TypeFor[budget]()), b)
	return b
}

// pay takes n steps and reports whether there were that many.
func (b *budget) pay(n int) bool { return b.left.Add(-int64(n)) >= 0 }

// spent reports whether nothing is left.
func (b *budget) spent() bool { return b.left.Load() < 0 }

// payFor takes the cost of v.
func (b *budget) payFor(v cty.Value) bool { return b.payBy(v, false) }

// payForConversion takes the cost of v and of finding one type for the elements
// of each tuple and object in it, which cty does by comparing all with all.
func (b *budget) payForConversion(v cty.Value) bool { return b.payBy(v, true) }

func (b *budget) payBy(v cty.Value, converted bool) bool {
	left := b.left.Load()
	if left < 0 {
		return false
	}
	return b.pay(cost(v, int(left)+1, converted))
}

// cost counts the elements of v, and its strings by length, up to limit. Values
// share their parts, so that a small one can be endless when walked: the count
// stops at the limit. converted adds what a change to a list or map costs.
func cost(v cty.Value, limit int, converted bool) int {
	n := 1
	v, _ = v.Unmark()
	if v == cty.NilVal || v == cty.DynamicVal || !v.IsKnown() || v.IsNull() {
		return n
	}
	switch ty := v.Type(); {
	case ty == cty.String:
		s := v.AsString()
		if len(s) > maxDigits && allDigits(s) {
			return limit
		}
		n += len(s) / 32
	case ty == cty.Number:
		if !printable(v) {
			return limit
		}
		if converted {
			n += 4 // it may be written as a text
		}
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next() && n < limit; {
			_, e := it.Element()
			n += cost(e, limit-n, converted)
		}
		if converted && n < limit && (ty.IsTupleType() || ty.IsObjectType()) {
			n += unifyEffort(ty, v.LengthInt(), n)
		}
	}
	return min(n, limit)
}

// unifyEffort is what it takes to find one type for the n elements of ty, of
// size parts altogether: all are compared with all, and where they are objects of
// different shapes, each attribute of all with all.
func unifyEffort(ty cty.Type, n, size int) int {
	pairs := times(n, n)
	first, same := cty.NilType, true
	each := func(e cty.Type) {
		if first == cty.NilType {
			first = e
		}
		same = same && e.Equals(first)
	}
	if ty.IsTupleType() {
		for _, e := range ty.TupleElementTypes() {
			each(e)
		}
	} else {
		for _, e := range ty.AttributeTypes() {
			each(e)
		}
	}
	if same || first.IsPrimitiveType() {
		return pairs / 400
	}
	return times(pairs, size/max(n, 1))
}

// printable reports whether the number v has a size that can be written down.
func printable(v cty.Value) bool {
	f := v.AsBigFloat()
	if f.IsInf() || f.Sign() == 0 {
		return true
	}
	exp := f.MantExp(nil)
	return exp < maxNumberBits && exp > -maxNumberBits
}

// maxDigits bounds what may be taken for a number: reading one takes time that
// grows with the square of its length.
const maxDigits = 1000

func allDigits(s string) bool {
	return strings.Trim(s, "0123456789+-.eE ") == ""
}

// The budget travels in the evaluation context, under a name that cannot be
// written in HCL, so that child contexts inherit it.
const budgetName = " budget"

// budgetOf finds the budget of a context; one that has none, as that of a
// constant expression, gets its own.
func budgetOf(ctx *hcl.EvalContext) *budget {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[budgetName]; ok {
			return v.EncapsulatedValue().(*budget)
		}
	}
	return newBudget(maxSteps, "an expression")
}
