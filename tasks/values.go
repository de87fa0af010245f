package tasks

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"fleet/internal/lang"
)

// constant evaluates an attribute that is the same for all hosts. It is not ok
// where the attribute is absent, null or wrong.
func (d *decoder) constant(a *hcl.Attribute) (v cty.Value, ok bool) {
	if a == nil {
		return cty.NilVal, false
	}
	for _, t := range lang.References(a.Expr) {
		if isLateRoot(t.RootName()) {
			d.fail(t.SourceRange(), "Not a constant", "%s is the same for every host, and decided before any is contacted: it may be made from var and local, not from %s.", a.Name, t.RootName())
			return cty.NilVal, false
		}
	}
	if len(d.scope.SecretsIn(a.Expr)) > 0 {
		d.fail(a.Expr.Range(), "Sensitive value not allowed", "%s is shown, and cannot be made from a secret.", a.Name)
		return cty.NilVal, false
	}
	v, diags := d.scope.Eval(a.Expr, cty.DynamicPseudoType)
	d.add(diags)
	if diags.HasErrors() {
		return cty.NilVal, false
	}
	if lang.IsSensitive(v) {
		d.fail(a.Expr.Range(), "Sensitive value not allowed", "%s is shown, and its value may not be.", a.Name)
		return cty.NilVal, false
	}
	return v, v.IsWhollyKnown() && !v.IsNull()
}

// isLateRoot are the names that stand for something on a host only.
func isLateRoot(name string) bool {
	return name == "host" || name == "step" || name == "self" || name == "each"
}

// A parser turns the value of an attribute into what it is kept as. Its error
// completes the sentence "NAME ...".
type parser[T any] func(v cty.Value) (T, error)

// read puts the value of an attribute into the place for it, which stays as it
// is where the attribute is absent or wrong.
func read[T any](d *decoder, a *hcl.Attribute, parse parser[T], into *T) bool {
	v, ok := d.constant(a)
	if !ok {
		return false
	}
	value, err := parse(v)
	if err != nil {
		end := "."
		if strings.HasSuffix(err.Error(), "?") {
			end = ""
		}
		d.fail(a.Expr.Range(), "Invalid value", "%s %s%s", a.Name, err, end)
		return false
	}
	*into = value
	return true
}

// readRequired is read for an attribute that may not be null.
func readRequired[T any](d *decoder, a *hcl.Attribute, parse parser[T], into *T) bool {
	said := len(d.diags)
	if read(d, a, parse, into) {
		return true
	}
	if a == nil || len(d.diags) > said {
		return false
	}
	if v, _ := d.scope.Eval(a.Expr, cty.DynamicPseudoType); v.IsNull() {
		d.fail(a.Expr.Range(), "Invalid value", "%s is null, and has to be given.", a.Name)
	}
	return false
}

func parseText(v cty.Value) (string, error) {
	v, err := convert.Convert(v, cty.String)
	if err != nil || v.IsNull() {
		return "", errors.New("must be a text")
	}
	return v.AsString(), nil
}

func parseBool(v cty.Value) (bool, error) {
	v, err := convert.Convert(v, cty.Bool)
	if err != nil || v.IsNull() {
		return false, errors.New("must be true or false")
	}
	return v.True(), nil
}

// oneOf takes one of a few words.
func oneOf(words []string) parser[string] {
	return func(v cty.Value) (string, error) {
		text, err := parseText(v)
		for _, w := range words {
			if err == nil && text == w {
				return w, nil
			}
		}
		problem := "must be one of " + strings.Join(words, ", ")
		if hint := lang.DidYouMean(text, "", words); hint != "" {
			problem += "." + hint
		}
		return "", errors.New(problem)
	}
}

// maxCount bounds what is counted: hosts, attempts.
const maxCount = 1_000_000

// parseCount takes a whole number from 1 on.
func parseCount(v cty.Value) (int, error) {
	n, err := whole(v)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("must be a whole number from 1 to %d", maxCount)
	}
	return n, nil
}

func whole(v cty.Value) (int, error) {
	v, err := convert.Convert(v, cty.Number)
	if err != nil || v.IsNull() || !v.AsBigFloat().IsInt() {
		return 0, errors.New("must be a whole number")
	}
	n, _ := v.AsBigFloat().Int64()
	if n < -maxCount || n > maxCount {
		return 0, errors.New("is too large")
	}
	return int(n), nil
}

// maxFactor bounds the growth of delays.
const maxFactor = 100

func parseFactor(v cty.Value) (float64, error) {
	v, err := convert.Convert(v, cty.Number)
	if err == nil && !v.IsNull() {
		if f, _ := v.AsBigFloat().Float64(); f >= 1 && f <= maxFactor {
			return f, nil
		}
	}
	return 0, fmt.Errorf("must be a number from 1 to %d", maxFactor)
}

// maxDuration bounds times, so that they can be added without overflow.
const maxDuration = 365 * 24 * time.Hour

// parseTime takes a time that bounds something; 0 would leave none.
func parseTime(v cty.Value) (time.Duration, error) {
	t, err := parseDelay(v)
	if err == nil && t == 0 {
		err = errors.New("must be more than 0")
	}
	return t, err
}

// parseDelay takes a time to wait, which may be 0.
func parseDelay(v cty.Value) (time.Duration, error) {
	problem := errors.New("must be a time such as \"10s\" or \"2m\"")
	if v.Type() != cty.String {
		return 0, problem
	}
	t, err := time.ParseDuration(v.AsString())
	switch {
	case err != nil:
		return 0, problem
	case t < 0 || t > maxDuration:
		return 0, errors.New("must not be negative, and at most a year")
	}
	return t, nil
}

// parseList takes one text or a list of them.
func parseList(v cty.Value) ([]string, error) {
	if v.Type() == cty.String {
		return []string{v.AsString()}, nil
	}
	problem := errors.New("must be a text or a list of texts")
	if !v.CanIterateElements() || v.Type().IsMapType() || v.Type().IsObjectType() {
		return nil, problem
	}
	out := []string{}
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if e.Type() != cty.String || e.IsNull() {
			return nil, problem
		}
		out = append(out, e.AsString())
	}
	return out, nil
}

// parseSize takes a number of hosts, or a share of them. In a text these are
// digits, and in a share one point: a typing error is not to be read as more hosts.
func parseSize(v cty.Value) (Size, error) {
	problem := errors.New("must be a number of hosts such as 3, or a share such as \"25%\"")
	if v.Type() == cty.String && !v.IsNull() {
		text := strings.TrimSpace(v.AsString())
		digits, share := strings.CutSuffix(text, "%")
		if strings.Trim(digits, "0123456789.") != "" {
			return Size{}, problem
		}
		if share {
			p, err := strconv.ParseFloat(digits, 64)
			switch {
			case err != nil:
				return Size{}, problem
			case p > 100:
				return Size{}, errors.New("must be a share from 0% to 100%")
			}
			return Size{Percent: p}, nil
		}
		v = cty.StringVal(text)
	}
	n, err := whole(v)
	if err != nil || n < 0 {
		return Size{}, problem
	}
	return Size{N: n}, nil
}

// parseSizes takes a list of sizes.
func parseSizes(v cty.Value) ([]Size, error) {
	if !v.CanIterateElements() || v.Type().IsMapType() || v.Type().IsObjectType() {
		return nil, errors.New("must be a list of sizes, such as [1, \"10%\", \"100%\"]")
	}
	out := []Size{}
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if e.IsNull() {
			return nil, errors.New("must not have null among the sizes")
		}
		s, err := parseSize(e)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// parseTags takes words for --only and --skip.
func parseTags(v cty.Value) ([]string, error) {
	tags, err := parseList(v)
	if err != nil {
		return nil, err
	}
	word := regexp.MustCompile(`^[\pL\pN_][\pL\pN_.-]*$`)
	for _, t := range tags {
		if !word.MatchString(t) {
			return nil, fmt.Errorf("has %q, which is no tag: letters, digits, and any of _ . - after the first", t)
		}
	}
	return tags, nil
}

// parseLock takes the name of a lock, which is a part of a file's name.
func parseLock(v cty.Value) (string, error) {
	name, err := parseText(v)
	if err == nil && !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`).MatchString(name) {
		err = errors.New("must be a name of at most 64 letters, digits, and any of _ . - after the first")
	}
	return name, err
}
