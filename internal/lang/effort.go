package lang

import (
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// An effortful function can take much time, or make a large value, from small
// arguments. Effort estimates the steps before the call.
type effortful struct {
	fn     function.Function
	effort func(args []cty.Value) int
}

func limitedFunctions() map[string]effortful {
	return map[string]effortful{
		"bcrypt":     {bcryptFunc(), bcryptEffort},
		"csvdecode":  {stdlib.CSVDecodeFunc, csvEffort},
		"distinct":   {stdlib.DistinctFunc, func(a []cty.Value) int { return square(length(a[0])) }},
		"format":     {stdlib.FormatFunc, formatEffort},
		"formatlist": {stdlib.FormatListFunc, formatEffort},
		"indent":     {stdlib.IndentFunc, indentEffort},
		"join":       {stdlib.JoinFunc, joinEffort},
		"jsondecode": {stdlib.JSONDecodeFunc, func(a []cty.Value) int { return textLen(a[0]) / 4 }},
		"matchkeys":  {matchkeysFunc(), matchkeysEffort},
		"parseint":   {stdlib.ParseIntFunc, parseIntEffort},
		"regex":      {stdlib.RegexFunc, regexEffort},
		"regexall":   {stdlib.RegexAllFunc, func(a []cty.Value) int { return times(2, regexEffort(a)) + textLen(a[1]) }},
		"replace":    {replaceFunc(), replaceEffort},
		"rsadecrypt": {rsadecryptFunc(), rsaEffort},
		"setproduct": {stdlib.SetProductFunc, productEffort},
		"split":      {stdlib.SplitFunc, func(a []cty.Value) int { return textLen(a[1]) / 2 }},
	}
}

// tooMuch is more than any budget has.
const tooMuch = 1 << 40

// times multiplies without overflow.
func times(a, b int) int {
	if a > 0 && b > tooMuch/a {
		return tooMuch
	}
	return a * b
}

func square(n int) int { return times(n, n) / 20 }

// length is the number of elements of v; 0 where it is not known.
func length(v cty.Value) int {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return 0
	}
	return v.LengthInt()
}

// text is the string v; "" where it is not known.
func text(v cty.Value) string {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

func textLen(v cty.Value) int { return len(text(v)) }

func productEffort(args []cty.Value) int {
	n := max(1, len(args))
	for _, a := range args {
		n = times(n, length(a))
	}
	return times(n, 2)
}

func joinEffort(args []cty.Value) int {
	n := 0
	for _, a := range args[1:] {
		n += length(a)
	}
	return times(n, textLen(args[0])) / 32
}

func indentEffort(args []cty.Value) int {
	v, _ := args[0].Unmark()
	if !v.IsKnown() || v.IsNull() {
		return 0
	}
	n, _ := v.AsBigFloat().Int64()
	return times(int(min(max(n, 0), tooMuch)), 1+strings.Count(text(args[1]), "\n")) / 32
}

func csvEffort(args []cty.Value) int {
	s := text(args[0])
	head, _, _ := strings.Cut(s, "\n")
	return len(s)/4 + times(strings.Count(s, "\n"), strings.Count(head, ","))
}

func parseIntEffort(args []cty.Value) int {
	if textLen(args[0]) > maxDigits {
		return tooMuch
	}
	return 1
}

// formatEffort adds up the widths in a format, and takes each verb to print the
// longest argument, for each element of the longest list.
func formatEffort(args []cty.Value) int {
	verbs, widths := 0, 0
	for _, verb := range strings.Split(text(args[0]), "%")[1:] {
		verbs++
		widths += numbersIn(verb)
	}
	longest, rounds := 40, 1
	for _, a := range args[1:] {
		longest = max(longest, times(cost(a, tooMuch, false), 32))
		rounds = max(rounds, length(a))
	}
	return times(rounds, widths+times(verbs, longest)) / 32
}

// numbersIn adds up the numbers before the letter of a verb.
func numbersIn(verb string) int {
	end := strings.IndexFunc(verb, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
	if end < 0 {
		end = len(verb)
	}
	sum := 0
	for _, digits := range strings.FieldsFunc(verb[:end], func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(digits)
		if err != nil || n > 1<<20 {
			return tooMuch
		}
		sum += n
	}
	return sum
}
