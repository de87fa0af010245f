package ansible

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"go.yaml.in/yaml/v3"
)

// A resolver tells what a scalar of YAML stands for, by version 1.1 of YAML as
// Ansible's parser has it: yes is true, 0644 is 420, 1e3 is a text.
type resolver struct {
	float, integer *regexp.Regexp
}

func newResolver() *resolver {
	return &resolver{
		float: regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?` +
			`|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?` +
			`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$`),
		integer: regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)` +
			`|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`),
	}
}

// tag finds the tag of a plain scalar.
func (r *resolver) tag(s string) string {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return "!!null"
	case "yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF":
		return "!!bool"
	}
	if strings.IndexByte("+-.0123456789", s[0]) < 0 || len(s) > 400 { // no number is so long
		return "!!str"
	}
	switch {
	case r.integer.MatchString(s):
		return "!!int"
	case r.float.MatchString(s):
		return "!!float"
	}
	return "!!str"
}

// scalar is the value of n. It is false for a tag that makes no plain value.
func (r *resolver) scalar(n *yaml.Node) (cty.Value, bool) {
	tag := "!!str" // quoted, or a block
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		tag = n.Tag
	case n.Style == 0:
		tag = r.tag(n.Value)
	}
	switch tag {
	case "!!str", "!unsafe", "!!binary", "!!timestamp":
		return cty.StringVal(n.Value), true
	case "!!null":
		return cty.NullVal(cty.DynamicPseudoType), true
	case "!!bool":
		switch strings.ToLower(n.Value) {
		case "yes", "true", "on":
			return cty.True, true
		case "no", "false", "off":
			return cty.False, true
		}
		return cty.NilVal, false
	case "!!int":
		if v, ok := yamlInt(n.Value); ok {
			return v, true
		}
		return cty.StringVal(n.Value), n.Style&yaml.TaggedStyle == 0
	case "!!float":
		if v, ok := yamlFloat(n.Value); ok {
			return v, true
		}
		return cty.StringVal(n.Value), n.Style&yaml.TaggedStyle == 0
	}
	return cty.NilVal, false
}

func yamlInt(s string) (cty.Value, bool) {
	s = strings.ReplaceAll(s, "_", "")
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	switch {
	case strings.Contains(s, ":"):
		total, ok := sixties(s)
		if negative {
			total = -total
		}
		return cty.NumberIntVal(int64(total)), ok && total < 1<<53
	case strings.HasPrefix(s, "0b"):
		return intValue(s[2:], 2, negative)
	case strings.HasPrefix(s, "0x"):
		return intValue(s[2:], 16, negative)
	case len(s) > 1 && s[0] == '0':
		return intValue(s, 8, negative)
	}
	return intValue(s, 10, negative)
}

func yamlFloat(s string) (cty.Value, bool) {
	s = strings.ReplaceAll(s, "_", "")
	sign := 1.0
	if strings.HasPrefix(s, "-") {
		sign = -1
	}
	s = strings.TrimLeft(s, "+-")
	if strings.Contains(s, ":") {
		total, ok := sixties(s)
		if !ok {
			return cty.NilVal, false
		}
		return floatValue(sign * total)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return cty.NilVal, false
	}
	return floatValue(sign * f)
}

// sixties reads 1:30:15, of base 60.
func sixties(s string) (float64, bool) {
	total := 0.0
	for part := range strings.SplitSeq(s, ":") {
		f, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return 0, false
		}
		total = total*60 + f
	}
	return total, true
}
