package tasks

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// stepObjects are what step.* stands for where no step of t has run, and where
// nothing is known of them.
func stepObjects(t *Task) (skipped, unknown cty.Value) {
	none, open := map[string]cty.Value{}, map[string]cty.Value{}
	for s := range t.allSteps() {
		if s.Referenced {
			none[s.Name], open[s.Name] = resultValue(nil), unknownResult()
		}
	}
	return cty.ObjectVal(none), cty.ObjectVal(open)
}

// resultValue is what step.NAME stands for; nil is a step that was skipped.
func resultValue(r *Result) cty.Value {
	if r == nil {
		return resultObject("", "", cty.NullVal(cty.Number), &Result{}, true)
	}
	return resultObject(outputText(r.Stdout), outputText(r.Stderr), statusValue(r), r, false)
}

func resultObject(stdout, stderr string, status cty.Value, r *Result, skipped bool) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"stdout":   cty.StringVal(stdout),
		"stderr":   cty.StringVal(stderr),
		"status":   status,
		"changed":  cty.BoolVal(r.Changed),
		"failed":   cty.BoolVal(r.Failed),
		"skipped":  cty.BoolVal(skipped),
		"duration": cty.NumberFloatVal(r.Duration.Seconds()),
	})
}

// statusValue is the exit status; null where there is none.
func statusValue(r *Result) cty.Value {
	if r.Status < 0 {
		return cty.NullVal(cty.Number)
	}
	return cty.NumberIntVal(int64(r.Status))
}

// outputText is output as expressions see it: without the line ends after it, as
// $(...) of a shell, and with a sign in place of what is no UTF-8.
func outputText(s string) string {
	return strings.ToValidUTF8(strings.TrimRight(s, "\n"), "\uFFFD")
}

// unknownResult is that of a step that has not run yet. Only the status may be
// null.
func unknownResult() cty.Value {
	known := func(ty cty.Type) cty.Value { return cty.UnknownVal(ty).RefineNotNull() }
	return cty.ObjectVal(map[string]cty.Value{
		"stdout":   known(cty.String),
		"stderr":   known(cty.String),
		"status":   cty.UnknownVal(cty.Number),
		"changed":  known(cty.Bool),
		"failed":   known(cty.Bool),
		"skipped":  known(cty.Bool),
		"duration": known(cty.Number),
	})
}
